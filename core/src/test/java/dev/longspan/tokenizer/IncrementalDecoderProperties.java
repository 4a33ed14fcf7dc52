package dev.longspan.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import net.jqwik.api.Arbitraries;
import net.jqwik.api.Arbitrary;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.Provide;
import net.jqwik.api.constraints.IntRange;
import net.jqwik.api.constraints.Size;

class IncrementalDecoderProperties {
    /** Bytes at the borders of what UTF-8 allows come more often than others. */
    @Provide
    Arbitrary<byte[]> bytes() {
        Arbitrary<Byte> any = Arbitraries.bytes();
        Arbitrary<Byte> borders = Arbitraries.of(
                        0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC2, 0xDF, 0xE0, 0xE1, 0xED, 0xEF, 0xF0,
                        0xF1, 0xF4, 0xF5, 0xFF)
                .map(Integer::byteValue);
        return Arbitraries.oneOf(any, borders).array(byte[].class).ofMaxSize(24);
    }

    @Property
    void anyCutOfTheBytesGivesTheTextOfTheWhole(
            @ForAll("bytes") byte[] bytes, @ForAll @Size(8) List<@IntRange(max = 24) Integer> cuts) {
        IncrementalDecoder decoder = new IncrementalDecoder();
        StringBuilder text = new StringBuilder();
        int at = 0;
        for (int cut : cuts.stream().sorted().toList()) {
            int end = Math.max(at, Math.min(cut, bytes.length));
            text.append(decoder.append(Arrays.copyOfRange(bytes, at, end)));
            at = end;
        }
        text.append(decoder.append(Arrays.copyOfRange(bytes, at, bytes.length)));
        text.append(decoder.flush());
        assertThat(decoder.isWaiting()).isFalse();
        assertThat(text.toString()).isEqualTo(decoder.append(bytes) + decoder.flush());
        if (!holdsSurrogate(bytes)) {
            assertThat(text.toString()).isEqualTo(new String(bytes, StandardCharsets.UTF_8));
        }
    }

    /** {@return whether there is an encoded surrogate, whose bytes the JDK does not replace one by one} */
    private static boolean holdsSurrogate(byte[] bytes) {
        for (int i = 0; i + 1 < bytes.length; i++) {
            if ((bytes[i] & 0xFF) == 0xED && (bytes[i + 1] & 0xFF) >= 0xA0) {
                return true;
            }
        }
        return false;
    }

    @Property(tries = 200)
    void givesNoHalfCharacters(@ForAll String text) {
        String whole = new String(text.getBytes(StandardCharsets.UTF_8), StandardCharsets.UTF_8);
        IncrementalDecoder decoder = new IncrementalDecoder();
        ByteArrayOutputStream seen = new ByteArrayOutputStream();
        for (byte b : whole.getBytes(StandardCharsets.UTF_8)) {
            String part = decoder.append(new byte[] {b});
            assertThat(part.codePointCount(0, part.length())).isLessThanOrEqualTo(1);
            seen.writeBytes(part.getBytes(StandardCharsets.UTF_8));
        }
        assertThat(decoder.flush()).isEmpty();
        assertThat(seen.toString(StandardCharsets.UTF_8)).isEqualTo(whole);
    }
}
