/**
 * The entry message without the generated class: {@link io.raftengine.proto.EntryCodec} writes the
 * same bytes as protobuf and {@link io.raftengine.proto.EntryView} reads them, both without
 * allocating. For load generation, where the tool must not be what is measured.
 */
package io.raftengine.proto;
