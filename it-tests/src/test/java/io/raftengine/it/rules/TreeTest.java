package io.raftengine.it.rules;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/**
 * What must not get into the tree: paths of somebody's machine, addresses of package registries,
 * files too long to read.
 */
class TreeTest {
    private static final Path TOP = Path.of(System.getProperty("raftengine.top"));

    /** Where artifacts come from is the business of the user's own settings. */
    private static final Pattern REGISTRY =
            Pattern.compile(
                    "(?:https?|sparse\\+https?)://[\\w.-]*(?:maven|crates|registry|nexus|artifactory|mirror|proxy)"
                            + "[\\w.-]*(?:[:/]|$)",
                    Pattern.CASE_INSENSITIVE);

    /** XML vocabularies are names, not addresses. */
    private static final Pattern XML_NAME =
            Pattern.compile("http://maven\\.apache\\.org/(?:POM|xsd|SETTINGS)/");

    private static final Pattern MACHINE_PATH =
            Pattern.compile("(?<![\\w./-])/(?:home|Users|root|work)/[\\w.-]+");

    /** Of code: a class may be explained at any length. */
    private static final int CODE_LINES_MAX = 600;

    private static final Pattern COMMENT_OR_BLANK = Pattern.compile("\\s*(?:$|//|/\\*|\\*)");

    @Test
    void noRegistryAddressIsCommitted() {
        List<String> found = find(REGISTRY, XML_NAME);
        assertThat(found).isEmpty();
    }

    @Test
    void noPathOfOneMachineIsCommitted() {
        assertThat(find(MACHINE_PATH, null)).isEmpty();
    }

    @Test
    void theRulesRecogniseWhatTheyForbid() {
        // A rule that cannot fail proves nothing; the samples are put together so as not to be
        // found themselves.
        assertThat(REGISTRY.matcher("https:" + "//repo" + ".maven.example/x").find()).isTrue();
        assertThat(REGISTRY.matcher("sparse+https:" + "//index" + ".crates.example/").find())
                .isTrue();
        assertThat(MACHINE_PATH.matcher("cd /" + "home/someone/src").find()).isTrue();
    }

    @Test
    void noSourceFileIsTooLongToBeReadInOneSitting() {
        List<String> found = new ArrayList<>();
        for (Path file : committedFiles()) {
            if (file.toString().endsWith(".java")) {
                long lines =
                        text(file)
                                .lines()
                                .filter(line -> !COMMENT_OR_BLANK.matcher(line).lookingAt())
                                .count();
                if (lines > CODE_LINES_MAX) {
                    found.add(TOP.relativize(file) + ": " + lines + " lines of code");
                }
            }
        }
        assertThat(found).isEmpty();
    }

    private static List<String> find(Pattern forbidden, Pattern allowed) {
        List<String> found = new ArrayList<>();
        List<Path> files = committedFiles();
        assertThat(files).hasSizeGreaterThan(20);
        for (Path file : files) {
            int number = 0;
            for (String line : text(file).split("\n", -1)) {
                number++;
                String rest = allowed == null ? line : allowed.matcher(line).replaceAll("");
                if (forbidden.matcher(rest).find()) {
                    found.add(TOP.relativize(file) + ":" + number + ": " + line.strip());
                }
            }
        }
        return found;
    }

    private static List<Path> committedFiles() {
        assumeThat(TOP.resolve(".git")).as("a clone made with git").exists();
        try {
            Process git =
                    new ProcessBuilder(
                                    "git",
                                    "ls-files",
                                    "-z",
                                    "--cached",
                                    "--others",
                                    "--exclude-standard")
                            .directory(TOP.toFile())
                            .redirectError(ProcessBuilder.Redirect.INHERIT)
                            .start();
            String names = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            assertThat(git.waitFor()).isZero();
            List<Path> files = new ArrayList<>();
            for (String name : names.split("\0")) {
                Path file = TOP.resolve(name);
                if (Files.isRegularFile(file)) {
                    files.add(file);
                }
            }
            return files;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The file's text, or nothing where it is not text. */
    private static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (CharacterCodingException e) {
            return "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
