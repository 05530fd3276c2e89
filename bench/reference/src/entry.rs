//! `eraftpb.Entry` by hand: written in canonical form, read back as the very bytes that are stored.
//!
//! ```text
//! field  name        wire      written
//!   1    entry_type  varint    never (normal entries only: the default is left out)
//!   2    term        varint    unless 0
//!   3    index       varint    unless 0
//!   4    data        bytes     unless empty
//! ```

use std::any::Any;
use std::io::Read;

use protobuf::reflect::MessageDescriptor;
use protobuf::{
    Clear, CodedInputStream, CodedOutputStream, Message, ProtobufResult, UnknownFields,
};
use raft_engine::MessageExt;

const TERM: u8 = 2 << 3;
const INDEX: u8 = 3 << 3;
const DATA: u8 = 4 << 3 | 2;

/// One stored entry: its bytes, untouched, and the index found in them. Keeping the bytes instead of
/// the fields lets an export show what is stored even where it is not canonical.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Entry {
    bytes: Vec<u8>,
    index: u64,
    unknown: UnknownFields,
}

impl Entry {
    pub fn encode(term: u64, index: u64, data: &[u8]) -> Entry {
        let mut entry = Entry::default();
        entry.set(term, index, data);
        entry
    }

    /// Encodes other content into the buffer this entry already has.
    pub fn set(&mut self, term: u64, index: u64, data: &[u8]) {
        self.bytes.clear();
        self.index = index;
        if term != 0 {
            self.bytes.push(TERM);
            put_varint(&mut self.bytes, term);
        }
        if index != 0 {
            self.bytes.push(INDEX);
            put_varint(&mut self.bytes, index);
        }
        if !data.is_empty() {
            self.bytes.push(DATA);
            put_varint(&mut self.bytes, data.len() as u64);
            self.bytes.extend_from_slice(data);
        }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The content of the data field.
    pub fn data(&self) -> ProtobufResult<Vec<u8>> {
        let mut stream = CodedInputStream::from_bytes(&self.bytes);
        let mut data = Vec::new();
        while !stream.eof()? {
            let (field, wire_type) = stream.read_tag_unpack()?;
            if field == 4 {
                data = stream.read_bytes()?;
            } else {
                stream.skip_field(wire_type)?;
            }
        }
        Ok(data)
    }
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn find_index(bytes: &[u8]) -> ProtobufResult<u64> {
    let mut stream = CodedInputStream::from_bytes(bytes);
    let mut index = 0;
    while !stream.eof()? {
        let (field, wire_type) = stream.read_tag_unpack()?;
        if field == 3 {
            index = stream.read_uint64()?;
        } else {
            stream.skip_field(wire_type)?;
        }
    }
    Ok(index)
}

impl Clear for Entry {
    fn clear(&mut self) {
        self.bytes.clear();
        self.index = 0;
    }
}

impl Message for Entry {
    fn descriptor(&self) -> &'static MessageDescriptor {
        Self::descriptor_static()
    }

    fn is_initialized(&self) -> bool {
        true
    }

    fn merge_from(&mut self, stream: &mut CodedInputStream<'_>) -> ProtobufResult<()> {
        stream.read_to_end(&mut self.bytes)?;
        self.index = find_index(&self.bytes)?;
        Ok(())
    }

    fn write_to_with_cached_sizes(&self, out: &mut CodedOutputStream<'_>) -> ProtobufResult<()> {
        out.write_raw_bytes(&self.bytes)
    }

    fn compute_size(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn get_cached_size(&self) -> u32 {
        self.bytes.len() as u32
    }

    fn get_unknown_fields(&self) -> &UnknownFields {
        &self.unknown
    }

    fn mut_unknown_fields(&mut self) -> &mut UnknownFields {
        &mut self.unknown
    }

    fn as_any(&self) -> &dyn Any {
        self
    }

    fn new() -> Self {
        Entry::default()
    }

    fn default_instance() -> &'static Self {
        static INSTANCE: std::sync::OnceLock<Entry> = std::sync::OnceLock::new();
        INSTANCE.get_or_init(Entry::default)
    }
}

/// Tells the engine which message its entries are.
pub struct EntryExt;

impl MessageExt for EntryExt {
    type Entry = Entry;

    fn index(entry: &Entry) -> u64 {
        entry.index
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_left_out_and_fields_stand_in_number_order() {
        assert_eq!(Entry::encode(0, 0, b"").bytes(), b"");
        assert_eq!(Entry::encode(1, 300, b"kept").bytes(), b"\x10\x01\x18\xac\x02\x22\x04kept");
        assert_eq!(Entry::encode(0, u64::MAX, b"").bytes().len(), 11);
    }

    #[test]
    fn any_stored_bytes_come_back_untouched_with_their_index() {
        let odd = b"\x22\x01x\x18\x07\x08\x00\x10\x00\x32\x01c";
        let entry = Entry::parse_from_bytes(odd).expect("readable");
        assert_eq!(entry.bytes(), odd);
        assert_eq!(EntryExt::index(&entry), 7);
        assert_eq!(entry.data().expect("readable"), b"x");
    }

    #[test]
    fn a_truncated_message_is_refused() {
        assert!(Entry::parse_from_bytes(b"\x22\x05abc").is_err());
    }
}
