package io.raftengine.it.rules;

import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static org.assertj.core.api.Assertions.assertThat;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.lang.ArchRule;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rules that module descriptors cannot state: arrows between packages of one module, and who
 * alone may touch files, mappings and standard output.
 */
class ArchitectureTest {
    /** Modules on the path of a user's write; tools, tests and benchmarks are free. */
    private static final List<String> ENGINE_MODULES =
            List.of("mmap-allocator", "segment-log", "recovery", "engine-ffm");

    private static JavaClasses engine;

    @BeforeAll
    static void readTheClassesOfTheEngine() {
        Path top = Path.of(System.getProperty("raftengine.top"));
        engine =
                new ClassFileImporter()
                        .importPaths(
                                ENGINE_MODULES.stream()
                                        .map(module ->
                                                top.resolve(module).resolve("target/classes"))
                                        .toList());
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "io.raftengine.allocator",
                "io.raftengine.error",
                "io.raftengine.log.io",
                "io.raftengine.log.format",
                "io.raftengine.log.segment",
                "io.raftengine.recovery",
                "io.raftengine.engine",
                "io.raftengine.engine.memtable",
                "io.raftengine.engine.commit",
                "io.raftengine.engine.read",
                "io.raftengine.engine.fork",
                "io.raftengine.engine.waiting",
            })
    void everyPackageTheRulesSpeakOfIsThere(String name) {
        assertThat(engine.stream().map(JavaClass::getPackageName)).contains(name);
    }

    @Test
    void memoryKnowsNothingOfLogsAndFiles() {
        check(
                "..allocator..",
                "the allocator is the lowest layer",
                "..log..",
                "..recovery..",
                "..engine..",
                "java.nio.file..");
    }

    @Test
    void errorsKnowNobody() {
        check(
                "..error..",
                "every module throws them",
                "..allocator..",
                "..log..",
                "..recovery..",
                "..engine..");
    }

    @Test
    void byteFormatsKnowNoFilesAndNoSegments() {
        check("..log.format..", "formats are pure bytes", "..log.segment..", "java.nio.channels..");
    }

    @Test
    void theFileSystemKnowsNotWhatIsInItsFiles() {
        check("..log.io..", "files are bytes to it", "..log.format..", "..log.segment..");
    }

    @Test
    void recoveryKnowsOnlyItsSink() {
        check("..recovery..", "D29: recovery delivers to a sink", "io.raftengine.engine..");
    }

    @Test
    void memtablesKnowNoFilesAndNoCommitGroups() {
        check(
                "..engine.memtable..",
                "an index says where bytes are, others fetch them",
                "io.raftengine.engine",
                "..engine.commit..",
                "..engine.read..",
                "..log.io..",
                "java.nio.file..");
    }

    @Test
    void commitAndReadDoNotKnowEachOther() {
        check("..engine.commit..", "two independent paths", "..engine.read..");
        check("..engine.read..", "two independent paths", "..engine.commit..");
    }

    @Test
    void waitingKnowsNotWhoWaits() {
        check(
                "..engine.waiting..",
                "the packages above share it",
                "io.raftengine.engine",
                "..engine.commit..",
                "..engine.memtable..",
                "..engine.read..");
    }

    @Test
    void aForkKnowsSegmentsAndNothingOfWhatIsInThem() {
        check(
                "..engine.fork..",
                "a fork is whole segments and a moment",
                "io.raftengine.engine",
                "..engine.commit..",
                "..engine.memtable..",
                "..engine.purge..",
                "..engine.read..",
                "..recovery..");
    }

    @Test
    void nothingButTheFileSystemTouchesFiles() {
        ArchRule rule =
                noClasses()
                        .that(resideInAPackage("io.raftengine.."))
                        .and()
                        .resideOutsideOfPackage("..log.io..")
                        .should()
                        .dependOnClassesThat(
                                nameMatching(
                                        "java\\.nio\\.file\\.Files|java\\.nio\\.channels\\.(Asynchronous)?FileChannel"
                                                + "|java\\.io\\.(File|RandomAccessFile|File(In|Out)putStream|FileReader|FileWriter)"))
                        .because(
                                "whatever passes the FileSystem by escapes every fault and crash test");
        rule.check(engine);
    }

    @Test
    void memtablesKeepNothingInMapsOnTheHeap() {
        noClasses()
                .that(resideInAPackage("..engine.memtable.."))
                .should()
                .dependOnClassesThat(
                        nameMatching(
                                "java\\.util\\.(concurrent\\.Concurrent.*Map|HashMap|TreeMap|LinkedHashMap)"))
                .because("nothing per entry or per group may live on the heap")
                .check(engine);
    }

    @Test
    void agronaIsUsedOnlyWhereItNeedsNoFlag() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        nameMatching(
                                "org\\.agrona\\.concurrent\\..*Queue.*|org\\.agrona\\.concurrent\\.UnsafeBuffer"
                                        + "|org\\.agrona\\.(Expandable.*Buffer|BufferUtil|UnsafeApi)"))
                .because("users do not open the JDK for us with --add-exports")
                .check(engine);
    }

    @Test
    void theEngineLoadsNoToolLibraries() {
        noClasses()
                .should()
                .dependOnClassesThat(
                        resideInAnyPackage(
                                "info.picocli..",
                                "picocli..",
                                "org.tomlj..",
                                "com.fasterxml..",
                                "org.HdrHistogram..",
                                "sun.misc..",
                                "java.util.logging.."))
                .check(engine);
    }

    private static void check(String layer, String because, String... forbidden) {
        assertThat(Stream.of(forbidden)).isNotEmpty();
        noClasses()
                .that(resideInAPackage(layer))
                .and(resideInAPackage("io.raftengine.."))
                .should()
                .dependOnClassesThat(resideInAnyPackage(forbidden))
                .because(because)
                .check(engine);
    }
}
