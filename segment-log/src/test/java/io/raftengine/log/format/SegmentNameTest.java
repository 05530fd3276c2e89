package io.raftengine.log.format;

import static org.assertj.core.api.Assertions.assertThat;

import io.raftengine.log.format.SegmentName.Kind;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Scenario C2 and the name rules of D10. */
class SegmentNameTest {
    @Test
    void namesArePrintedAndRead() { // C2
        assertThat(SegmentName.segment(QueueKind.APPEND, 123))
                .isEqualTo("0000000000000123.raftlog");
        assertThat(SegmentName.segment(QueueKind.REWRITE, 123))
                .isEqualTo("0000000000000123.rewrite");
        assertThat(SegmentName.reserved(123)).isEqualTo("0000000000000123.raftlog.reserved");
        assertThat(SegmentName.parse("0000000000000123.raftlog"))
                .isEqualTo(new SegmentName(Kind.APPEND, 123));
        assertThat(SegmentName.parse("0000000000000123.rewrite"))
                .isEqualTo(new SegmentName(Kind.REWRITE, 123));
        assertThat(SegmentName.parse("0000000000000123.raftlog.reserved"))
                .isEqualTo(new SegmentName(Kind.RESERVED, 123));
        assertThat(new SegmentName(Kind.APPEND, 1).queue()).isEqualTo(QueueKind.APPEND);
        assertThat(new SegmentName(Kind.REWRITE, 1).queue()).isEqualTo(QueueKind.REWRITE);
        assertThat(new SegmentName(Kind.RESERVED, 1).queue()).isNull();
    }

    @Test
    void oddNamesMeanWhatTheyMeanToTheReference() { // D10
        assertThat(SegmentName.parse("0000000000000009xyz.raftlog"))
                .isEqualTo(new SegmentName(Kind.APPEND, 9));
        assertThat(SegmentName.parse("+000000000000007.rewrite"))
                .isEqualTo(new SegmentName(Kind.REWRITE, 7));
        assertThat(SegmentName.parse("0000000000000000.raftlog"))
                .isEqualTo(new SegmentName(Kind.APPEND, 0));
        assertThat(SegmentName.parse("12345678901234567.raftlog"))
                .isEqualTo(new SegmentName(Kind.APPEND, 1234567890123456L));
        assertThat(SegmentName.parse("0000000000000001\u00fc.raftlog"))
                .isEqualTo(new SegmentName(Kind.APPEND, 1));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "LOCK",
                "swap",
                "123.log",
                "123.raftlog",
                "0000000000000123",
                "0000000000000123.log",
                "0000000000000123.raftlog.bak",
                "0000000000000123.reserved",
                "000000000000012a.raftlog",
                "-000000000000123.raftlog",
                " 000000000000123.raftlog",
                "\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0660\u0661.raftlog",
                "prepared-1.tmp",
                "prepared-1234567890123456.raftlog.tmp"
            })
    void allOtherNamesAreForeign(String name) {
        assertThat(SegmentName.parse(name)).isNull();
    }

    @Test
    void preparedNamesAreOurs() {
        assertThat(SegmentName.prepared(17)).isEqualTo("prepared-17.tmp");
        assertThat(SegmentName.preparedNumber("prepared-17.tmp")).isEqualTo(17);
        assertThat(SegmentName.preparedNumber("prepared-.tmp")).isEqualTo(-1);
        assertThat(SegmentName.preparedNumber("prepared-1x.tmp")).isEqualTo(-1);
        assertThat(SegmentName.preparedNumber("prepared-1234567890123456789.tmp")).isEqualTo(-1);
        assertThat(SegmentName.preparedNumber("0000000000000123.raftlog")).isEqualTo(-1);
    }
}
