//! The payload of entries: random, or told by group and index so that a reader can check it.

use rand::rngs::StdRng;
use rand::{RngCore, SeedableRng};

use crate::failure::{Failure, Outcome};

pub enum Content {
    Random(Vec<Vec<u8>>),
    Checkable(Vec<u8>),
}

impl Content {
    /// Random payloads are made once and used again and again: what is measured is the engine.
    pub fn new(verify: bool, bytes: usize, entries: u64) -> Content {
        if verify {
            return Content::Checkable(vec![0; bytes]);
        }
        let mut random = StdRng::from_entropy();
        let payloads = (0..entries).map(|_| {
            let mut payload = vec![0; bytes];
            random.fill_bytes(&mut payload);
            payload
        });
        Content::Random(payloads.collect())
    }

    /// The payload of one entry, `position` being its place in the batch.
    pub fn payload(&mut self, position: u64, group: u64, index: u64) -> &[u8] {
        match self {
            Content::Random(payloads) => &payloads[position as usize],
            Content::Checkable(payload) => {
                fill(payload, group, index);
                payload
            }
        }
    }
}

pub fn check(payload: &[u8], bytes: usize, group: u64, index: u64) -> Outcome<()> {
    let mut expected = vec![0; bytes];
    fill(&mut expected, group, index);
    if payload == expected {
        return Ok(());
    }
    let message = format!("group {group}, index {index}: read something else than was written");
    Err(Failure::new("Mismatch", message))
}

/// A multiplicative generator seeded by group and index.
fn fill(payload: &mut [u8], group: u64, index: u64) {
    let mut state = group.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ index.wrapping_add(1);
    for chunk in payload.chunks_mut(8) {
        state = state.wrapping_mul(0xd129_0d9a_5b31_8f4d).wrapping_add(0x1405_7b7e_f767_814f);
        let mixed = state ^ (state >> 29);
        chunk.copy_from_slice(&mixed.to_le_bytes()[..chunk.len()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn checkable_content_is_recognised_by_group_index_and_every_byte() {
        let mut content = Content::new(true, 21, 4);
        let mut payload = content.payload(3, 7, 9).to_vec();
        assert!(check(&payload, 21, 7, 9).is_ok());
        assert!(check(&payload, 21, 7, 10).is_err());
        assert!(check(&payload, 21, 8, 9).is_err());
        assert!(check(&payload[..20], 21, 7, 9).is_err());
        payload[20] ^= 1;
        assert!(check(&payload, 21, 7, 9).is_err());
    }
}
