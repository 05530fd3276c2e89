package io.raftengine.log.segment;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.io.FileSystem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Which files belong to a queue: format section 1.2, D4, D10, scenario C2. */
class DirectoryScanTest {
    @TempDir private Path root;
    private Path main;
    private Path spill;

    @BeforeEach
    void makeDirectories() throws IOException {
        main = Files.createDirectory(root.resolve("main"));
        spill = Files.createDirectory(root.resolve("spill"));
    }

    private DirectoryScan scan() {
        return DirectoryScan.scan(FileSystem.local(), List.of(main, spill));
    }

    private static void log(Path dir, long... numbers) throws IOException {
        for (long n : numbers) {
            Files.write(dir.resolve(String.format("%016d.raftlog", n)), new byte[(int) n]);
        }
    }

    private static List<Long> numbers(List<SegmentFile> files) {
        return files.stream().map(SegmentFile::seq).toList();
    }

    @Test
    void anEmptyDirectoryHoldsNothing() {
        assertThat(scan().append()).isEmpty();
        assertThat(scan().rewrite()).isEmpty();
        assertThat(scan().reserved()).isEmpty();
        assertThat(scan().anomalies()).isEmpty();
    }

    @Test
    void queuesAreToldApartByNameAndSortedByNumber() throws IOException {
        log(main, 12, 10, 11);
        Files.write(main.resolve("0000000000000001.rewrite"), new byte[3]);
        Files.write(main.resolve("0000000000000007.raftlog.reserved"), new byte[5]);
        Files.write(main.resolve("prepared-13.tmp"), new byte[2]);
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(10L, 11L, 12L);
        assertThat(scan.append().get(0).sizeBytes()).isEqualTo(10);
        assertThat(scan.append().get(0).linkCount()).isEqualTo(1);
        assertThat(numbers(scan.rewrite())).containsExactly(1L);
        assertThat(numbers(scan.reserved())).containsExactly(7L);
        assertThat(numbers(scan.prepared())).containsExactly(13L);
        assertThat(scan.anomalies()).isEmpty();
    }

    /** H12: directories, foreign files and half names are not ours. */
    @Test
    void foreignNamesAreIgnored() throws IOException {
        log(main, 3);
        Files.createDirectory(main.resolve("0000000000000004.raftlog"));
        Files.createFile(main.resolve("LOCK"));
        Files.createFile(main.resolve("000000000000005.raftlog"));
        Files.createFile(main.resolve("000000000000000x.raftlog"));
        Files.createFile(main.resolve("0000000000000006.bak"));
        Files.createFile(main.resolve("prepared-.tmp"));
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(3L);
        assertThat(scan.prepared()).isEmpty();
        assertThat(scan.anomalies()).isEmpty();
    }

    /**
     * D10: what follows the first 16 characters does not matter, as long as the name ends right.
     */
    @Test
    void onlyTheFirstSixteenCharactersAreTheNumber() throws IOException {
        log(main, 8);
        Files.createFile(main.resolve("0000000000000009xyz.raftlog"));
        assertThat(numbers(scan().append())).containsExactly(8L, 9L);
    }

    @Test
    void bothDirectoriesFormOneSequence() throws IOException {
        log(main, 1, 3);
        log(spill, 2, 4);
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(1L, 2L, 3L, 4L);
        assertThat(scan.append().get(1).path().getParent()).isEqualTo(spill);
    }

    /** Defect 14: the older files are set aside as in the reference, but named. */
    @Test
    void aHoleSetsAsideEverythingBelowAndSaysSo() throws IOException {
        log(main, 1, 2, 5, 6);
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(5L, 6L);
        assertThat(scan.anomalies()).hasSize(1);
        ScanAnomaly hole = scan.anomalies().get(0);
        assertThat(hole.kind()).isEqualTo(ScanAnomaly.Kind.HOLE);
        assertThat(numbers(hole.dropped())).containsExactly(1L, 2L);
        assertThat(hole.message())
                .contains("3 to 4 are missing")
                .contains("0000000000000001.raftlog")
                .contains("0000000000000002.raftlog");
        assertThat(main.resolve("0000000000000001.raftlog")).exists();
    }

    @Test
    void ofADuplicateTheSpillCopySurvivesAndEverythingBeforeIsSetAside() throws IOException {
        log(main, 1, 2, 3);
        log(spill, 2);
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(2L, 3L);
        assertThat(scan.append().get(0).path().getParent()).isEqualTo(spill);
        ScanAnomaly duplicate = scan.anomalies().get(0);
        assertThat(duplicate.kind()).isEqualTo(ScanAnomaly.Kind.DUPLICATE);
        assertThat(numbers(duplicate.dropped())).containsExactly(1L, 2L);
        assertThat(duplicate.dropped().get(1).path().getParent()).isEqualTo(main);
    }

    @Test
    void severalHolesAreNamedOneByOne() throws IOException {
        log(main, 1, 3, 5);
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(5L);
        assertThat(scan.anomalies())
                .extracting(a -> numbers(a.dropped()))
                .containsExactly(List.of(1L), List.of(3L));
    }

    @Test
    void linksAreMarked() throws IOException {
        log(main, 2);
        Path elsewhere = Files.write(root.resolve("elsewhere"), new byte[17]);
        Files.createSymbolicLink(main.resolve("0000000000000001.raftlog"), elsewhere);
        Files.createLink(root.resolve("backup"), main.resolve("0000000000000002.raftlog"));
        Files.createSymbolicLink(main.resolve("0000000000000003.raftlog"), root.resolve("nowhere"));
        DirectoryScan scan = scan();
        assertThat(numbers(scan.append())).containsExactly(1L, 2L);
        assertThat(scan.append().get(0).symlink()).isTrue();
        assertThat(scan.append().get(0).sizeBytes()).isEqualTo(17);
        assertThat(scan.append().get(0).recyclable()).isFalse();
        assertThat(scan.append().get(1).linkCount()).isEqualTo(2);
        assertThat(scan.append().get(1).recyclable()).isFalse();
    }
}
