package io.raftengine.engine;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The first program a newcomer copies must compile and do what its comments say. */
class ReadmeExampleTest {
    private static final Pattern JAVA_BLOCK = Pattern.compile("```java\\R(.*?)```", Pattern.DOTALL);

    @TempDir Path dir;

    @Test
    void exampleInTheReadmeCompilesAndDoesWhatItSays() throws Exception {
        Path source = Files.writeString(dir.resolve("Example.java"), exampleText());
        run("javac", "-cp", classes(), "-d", dir.toString(), source.toString());

        String printed =
                run(
                        "java",
                        "--enable-native-access=ALL-UNNAMED",
                        "--illegal-native-access=deny",
                        "-cp",
                        dir + File.pathSeparator + classes(),
                        "Example",
                        dir.resolve("data").toString());

        assertThat(printed.lines()).containsExactly("second", "2..2");
    }

    private static String exampleText() throws IOException {
        Path top = Path.of(System.getProperty("raftengine.top", ".."));
        Matcher block = JAVA_BLOCK.matcher(Files.readString(top.resolve("README.md")));
        assertThat(block.find()).as("a java block in README.md").isTrue();
        return block.group(1);
    }

    /** Everything this test itself runs with, whether on the module path or the class path. */
    private static String classes() {
        return Stream.of("jdk.module.path", "java.class.path")
                .map(System::getProperty)
                .filter(path -> path != null && !path.isEmpty())
                .collect(Collectors.joining(File.pathSeparator));
    }

    private String run(String tool, String... arguments) throws Exception {
        Path program = Path.of(System.getProperty("java.home"), "bin", tool);
        Path errors = dir.resolve(tool + ".errors");
        Process process =
                new ProcessBuilder(
                                Stream.concat(Stream.of(program.toString()), Stream.of(arguments))
                                        .toList())
                        .redirectError(errors.toFile())
                        .start();
        String printed =
                new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(Files.readString(errors)).isZero();
        return printed;
    }
}
