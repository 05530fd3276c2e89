package io.raftengine.allocator;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.reflect.AccessFlag;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

/** What the JVM's quick compiler copies into callers is code it has to compile over and over. */
class AccessorSizeTest {
    /** {@code C1MaxInlineSize}. */
    private static final int COPIED_UP_TO_BYTES = 35;

    private static final Set<String> EXCEPTIONS =
            Set.of("<clinit>", "checked", "rawByte", "rawPutByte", "copyFromSegment");

    @Test
    void noAccessorIsSmallEnoughToBeCopiedIntoItsCallers() throws IOException {
        Map<String, Integer> sizes =
                memory().methods().stream()
                        .filter(AccessorSizeTest::accessor)
                        .collect(
                                Collectors.toMap(
                                        method -> name(method) + method.methodType().stringValue(),
                                        AccessorSizeTest::codeBytes));
        assertThat(sizes).hasSizeGreaterThan(20);
        assertThat(sizes.values()).allMatch(bytes -> bytes > COPIED_UP_TO_BYTES, sizes.toString());
    }

    /** Whatever is there to be called, but for what is called by the checked mode or seldom. */
    private static boolean accessor(MethodModel method) {
        return !method.flags().has(AccessFlag.PRIVATE) && !EXCEPTIONS.contains(name(method));
    }

    private static String name(MethodModel method) {
        return method.methodName().stringValue();
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
