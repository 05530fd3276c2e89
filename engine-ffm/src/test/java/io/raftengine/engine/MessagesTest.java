package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.AbstractMessageLite;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Int32Value;
import com.google.protobuf.MessageLite;
import com.google.protobuf.Parser;
import com.google.protobuf.StringValue;
import io.raftengine.error.CorruptionException;
import io.raftengine.log.format.QueueKind;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** Protobuf messages as entries and values. */
class MessagesTest {
    private final EngineFixture f = new EngineFixture().open();

    @AfterEach
    void close() {
        f.close();
    }

    @Test
    void messagesComeBackAsWrittenAndAreStoredAsTheirEncoding() {
        // From empty to larger than the buffer that is kept between messages.
        List<StringValue> messages =
                IntStream.of(0, 1, 100, 300, 1 << 20, (1 << 20) + 100, 10)
                        .mapToObj(length -> StringValue.of("x".repeat(length)))
                        .toList();
        try (LogBatch batch = f.engine.newBatch()) {
            f.write(batch.addMessages(1, 5, messages), true);
        }

        f.reopen();

        assertThat(f.engine.firstIndex(1)).isEqualTo(5);
        assertThat(f.engine.lastIndex(1)).isEqualTo(4 + messages.size());
        for (int i = 0; i < messages.size(); i++) {
            assertThat(f.engine.getEntry(1, 5 + i, StringValue.parser()))
                    .isEqualTo(messages.get(i));
            assertThat(f.engine.getEntry(1, 5 + i)).isEqualTo(messages.get(i).toByteArray());
        }
        assertThat(f.engine.getEntry(1, 4, StringValue.parser())).isNull();
    }

    @Test
    void aMessageIsTheValueOfAKeyUntilTheKeyIsDeleted() {
        byte[] key = EngineFixture.bytes("key");
        try (LogBatch batch = f.engine.newBatch()) {
            f.write(batch.putMessage(1, key, Int32Value.of(-7)), true);
        }

        assertThat(f.engine.getMessage(1, key, Int32Value.parser())).isEqualTo(Int32Value.of(-7));
        assertThat(f.engine.get(1, key)).isEqualTo(Int32Value.of(-7).toByteArray());

        try (LogBatch batch = f.engine.newBatch()) {
            f.write(batch.delete(1, key), true);
        }
        assertThat(f.engine.getMessage(1, key, Int32Value.parser())).isNull();
    }

    @Test
    void aMessageThatCannotBeEncodedLeavesTheBatchAsItWas() {
        try (LogBatch batch = f.engine.newBatch()) {
            List<MessageLite> messages =
                    List.of(StringValue.of("a"), new Exhausting(), StringValue.of("c"));
            assertThatThrownBy(() -> batch.addMessages(1, 1, messages))
                    .isInstanceOf(OutOfMemoryError.class);
            assertThat(batch.itemCount()).isZero();

            batch.addMessages(1, 1, List.of(StringValue.of("first")));
            assertThatThrownBy(() -> batch.addMessages(1, 2, messages))
                    .isInstanceOf(OutOfMemoryError.class);
            batch.put(1, EngineFixture.bytes("k"), EngineFixture.bytes("v"));

            assertThat(f.engine.write(batch, Durability.SYNC)).isPositive();
        }
        assertThat(f.engine.lastIndex(1)).isEqualTo(1);
        assertThat(f.engine.getEntry(1, 1, StringValue.parser()))
                .isEqualTo(StringValue.of("first"));
        assertThat(f.engine.get(1, EngineFixture.bytes("k"))).isEqualTo(EngineFixture.bytes("v"));
    }

    /** A message whose encoding exhausts the heap. */
    private static final class Exhausting extends AbstractMessageLite<Exhausting, NoBuilder> {
        @Override
        public int getSerializedSize() {
            return 10;
        }

        @Override
        public void writeTo(CodedOutputStream output) {
            throw new OutOfMemoryError("injected");
        }

        @Override
        public Parser<? extends MessageLite> getParserForType() {
            throw new UnsupportedOperationException();
        }

        @Override
        public MessageLite.Builder newBuilderForType() {
            throw new UnsupportedOperationException();
        }

        @Override
        public MessageLite.Builder toBuilder() {
            throw new UnsupportedOperationException();
        }

        @Override
        public MessageLite getDefaultInstanceForType() {
            return this;
        }

        @Override
        public boolean isInitialized() {
            return true;
        }
    }

    private abstract static class NoBuilder
            extends AbstractMessageLite.Builder<Exhausting, NoBuilder> {}

    @Test
    void messagesAreTakenAllOrNone() {
        try (LogBatch batch = f.engine.newBatch()) {
            batch.put(1, EngineFixture.bytes("k"), EngineFixture.bytes("v"));
            long before = batch.approximateBytes();

            assertThatThrownBy(
                            () -> batch.addMessages(1, 1, Arrays.asList(StringValue.of("a"), null)))
                    .isInstanceOf(NullPointerException.class);

            assertThat(batch.itemCount()).isEqualTo(1);
            assertThat(batch.approximateBytes()).isEqualTo(before);
            f.write(batch.addMessages(1, 1, List.of(StringValue.of("b"))), true);
        }
        assertThat(f.engine.getEntry(1, 1, StringValue.parser())).isEqualTo(StringValue.of("b"));
        assertThat(f.engine.lastIndex(1)).isEqualTo(1);
        assertThat(f.value(1, "k")).isEqualTo("v");
    }

    @Test
    void bytesThatAreNoSuchMessageAreCorruptionThatNamesTheirPlace() {
        byte[] key = EngineFixture.bytes("key");
        byte[] malformed = {0x0a, 0x7f};
        try (LogBatch batch = f.engine.newBatch()) {
            f.write(batch.addEntry(9, 3, malformed).put(9, key, malformed), true);
        }

        assertThatThrownBy(() -> f.engine.getEntry(9, 3, StringValue.parser()))
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("entry 3 of group 9");
        assertThatThrownBy(() -> f.engine.getMessage(9, key, StringValue.parser()))
                .isInstanceOf(CorruptionException.class)
                .hasMessageContaining("value of a key of group 9");
    }

    @Test
    void usedBytesAreTheSegmentsOfBothQueues() {
        long segment = f.config.targetFileSizeBytes();
        long before = f.engine.usedBytes();
        assertThat(before)
                .isEqualTo((1 + f.engine.segmentSpan(QueueKind.REWRITE).segmentCount()) * segment);

        // Does not compress.
        byte[] entry = new byte[(int) segment];
        new Random(1).nextBytes(entry);
        for (int i = 1; i <= 2; i++) {
            try (LogBatch batch = f.engine.newBatch()) {
                f.write(batch.addEntry(1, i, entry), true);
            }
        }

        assertThat(f.engine.segmentSpan(QueueKind.APPEND).segmentCount()).isEqualTo(2);
        assertThat(f.engine.usedBytes()).isEqualTo(before + segment);
    }
}
