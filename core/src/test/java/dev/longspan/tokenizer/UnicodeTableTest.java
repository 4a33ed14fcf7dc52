package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class UnicodeTableTest {
    private static final String[] CATEGORIES = {
        "Cn", "Lu", "Ll", "Lt", "Lm", "Lo", "Mn", "Me", "Mc", "Nd", "Nl", "No", "Zs", "Zl", "Zp", "Cc", "Cf", "", "Co",
        "Cs", "Pd", "Ps", "Pe", "Pc", "Po", "Sm", "Sc", "Sk", "So", "Pi", "Pf"
    };

    /** {@return the category of a code point as the running JVM has it} */
    static int ofJvm(int codePoint) {
        return UnicodeTable.categories(CATEGORIES[Character.getType(codePoint)]);
    }

    @Test
    void differsFromAnOlderJvmInFewCodePointsThatItKnows() {
        int known = 0;
        int different = 0;
        for (int codePoint = 0; codePoint <= Character.MAX_CODE_POINT; codePoint++) {
            if (Character.getType(codePoint) != Character.UNASSIGNED) {
                known++;
                different += ofJvm(codePoint) == UnicodeTable.BUNDLED.bit(codePoint) ? 0 : 1;
            }
        }
        assertThat(known).isGreaterThan(280_000);
        assertThat(different).isLessThan(20);
    }

    @Test
    void knowsWhatCameWithUnicode16() {
        assertThat(UnicodeTable.BUNDLED.bit(0x1C89)).isEqualTo(UnicodeTable.categories("Lu"));
        assertThat(UnicodeTable.BUNDLED.bit(0x10D40)).isEqualTo(UnicodeTable.categories("Nd"));
        assertThat(UnicodeTable.BUNDLED.bit(0x2FFFF)).isEqualTo(UnicodeTable.categories("Cn"));
        assertThat(UnicodeTable.categories("Han")).isZero();
    }
}
