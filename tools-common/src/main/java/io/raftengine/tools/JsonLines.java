package io.raftengine.tools;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonFactoryBuilder;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import java.io.IOException;
import java.io.OutputStream;

/** JSON as the tools write it: one object per line, no spaces, unsigned numbers. */
public final class JsonLines {
    /** Scripts hold whole values: whatever fits a string is accepted. */
    static final JsonFactory FACTORY =
            new JsonFactoryBuilder()
                    .rootValueSeparator("")
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .maxDocumentLength(-1)
                                    .build())
                    .build();

    private JsonLines() {}

    /**
     * A generator for one object after another; {@link #endLine} after each.
     *
     * @param out where to; flushed by {@code endLine} only if asked to, and not closed by the
     *     generator
     * @return the generator
     * @throws IOException {@code out} cannot be written
     */
    public static JsonGenerator generator(OutputStream out) throws IOException {
        return FACTORY.createGenerator(out)
                .disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)
                .disable(JsonGenerator.Feature.FLUSH_PASSED_TO_STREAM);
    }

    /**
     * Ends a line, handing it to the stream behind the generator.
     *
     * @param json after an object
     * @throws IOException the stream cannot be written
     */
    public static void endLine(JsonGenerator json) throws IOException {
        json.writeRaw('\n');
        json.flush();
    }

    /**
     * Writes an unsigned number as a field.
     *
     * @param json inside an object
     * @param name name of the field
     * @param value the number
     * @throws IOException the stream cannot be written
     */
    public static void unsignedField(JsonGenerator json, String name, long value)
            throws IOException {
        json.writeFieldName(name);
        json.writeNumber(Long.toUnsignedString(value));
    }
}
