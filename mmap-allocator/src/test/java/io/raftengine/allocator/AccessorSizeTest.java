package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.util.Map;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the JVM's quick compiler copies into callers is code it has to compile over and over. */
class AccessorSizeTest {
    /** {@code C1MaxInlineSize}. */
    private static final int COPIED_UP_TO_BYTES = 35;

    @Test
    void noAccessorIsSmallEnoughToBeCopiedIntoItsCallers() throws IOException {
        Map<String, Integer> sizes =
                memory().methods().stream()
                        .filter(method -> accessor(method.methodName().stringValue()))
                        .collect(
                                Collectors.toMap(
                                        method ->
                                                method.methodName().stringValue()
                                                        + method.methodType().stringValue(),
                                        AccessorSizeTest::codeBytes));
        assertThat(sizes).hasSizeGreaterThan(15);
        assertThat(sizes.values()).allMatch(bytes -> bytes > COPIED_UP_TO_BYTES, sizes.toString());
    }

    /** A single access by address; but for bytes of the checked mode's own tables. */
    private static boolean accessor(String name) {
        return name.matches("(get|put|raw).*") && !name.matches("raw(Put)?Byte");
    }

    private static int codeBytes(MethodModel method) {
        return ((CodeAttribute) method.code().orElseThrow()).codeLength();
    }

    private static ClassModel memory() throws IOException {
        try (InputStream in = Memory.class.getResourceAsStream("Memory.class")) {
            return ClassFile.of().parse(in.readAllBytes());
        }
    }
}
