package io.raftengine.stress;

import io.raftengine.engine.SizeText;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.TypeConversionException;

/** Sizes on the command line, as in configurations: {@code 4KB}. */
final class SizeConverter implements ITypeConverter<Integer> {
    /** Called by picocli. */
    SizeConverter() {}

    @Override
    public Integer convert(String text) {
        long bytes =
                SizeText.parse(text)
                        .orElseThrow(
                                () -> new TypeConversionException("not a size: '" + text + "'"));
        if (bytes > 1 << 30) {
            throw new TypeConversionException("more than 1GB: '" + text + "'");
        }
        return (int) bytes;
    }
}
