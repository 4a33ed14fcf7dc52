package dev.longspan.snapshot;

import static org.assertj.core.api.Assertions.assertThat;

import dev.longspan.InvalidRequestException;
import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotFile;
import dev.longspan.SnapshotInfo;
import dev.longspan.SnapshotLabel;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import net.jqwik.api.Assume;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.constraints.LongRange;
import net.jqwik.api.constraints.NotEmpty;
import net.jqwik.api.constraints.Size;
import net.jqwik.api.constraints.StringLength;

class ManifestProperties {
    private static SnapshotInfo info(SnapshotLabel label, long size) {
        Map<String, SnapshotFile> files = new LinkedHashMap<>();
        SnapshotDraft.PARTS.forEach(name -> files.put(name, new SnapshotFile(size, "0123456789abcdef".repeat(4))));
        return new SnapshotInfo(
                "id", Instant.ofEpochMilli(size), label, "m", Map.of("a", "b"), 1, 2, 0, files, Optional.empty());
    }

    @Property(tries = 300)
    void everyLabelComesBackAsItWas(
            @ForAll @StringLength(max = 500) String title,
            @ForAll @StringLength(max = 600) String description,
            @ForAll @Size(max = 5) List<@NotEmpty @StringLength(max = 20) String> tags,
            @ForAll @LongRange(min = 0, max = 1L << 40) long size) {
        SnapshotLabel label;
        try {
            label = new SnapshotLabel(title, description, tags);
        } catch (InvalidRequestException e) {
            // half a surrogate pair, or a tag twice
            Assume.that(false);
            return;
        }
        SnapshotInfo written = info(label, size);
        byte[] bytes = Manifest.write(written);
        SnapshotInfo read = Manifest.read("id", bytes);
        assertThat(read.label()).isEqualTo(label);
        assertThat(read.created()).isEqualTo(written.created());
        assertThat(read.files()).isEqualTo(written.files());
        assertThat(read.bytes()).isEqualTo(3 * size + bytes.length);
    }

    @Property(tries = 2000)
    void whateverIsChangedInAManifestItIsReadOrRefusedByName(@ForAll long seed) {
        Random random = new Random(seed);
        byte[] bytes = Manifest.write(info(SnapshotLabel.titled("t"), 5));
        String text = new String(bytes, StandardCharsets.UTF_8);
        StringBuilder body = new StringBuilder(text.substring(0, text.lastIndexOf("\"sha256\"")));
        for (int i = 1 + random.nextInt(3); i > 0; i--) {
            int at = random.nextInt(body.length());
            switch (random.nextInt(3)) {
                case 0 -> body.setCharAt(at, (char) (32 + random.nextInt(100)));
                case 1 -> body.deleteCharAt(at);
                default -> body.insert(at, body.substring(at, Math.min(body.length(), at + random.nextInt(30))));
            }
        }
        byte[] start = body.toString().getBytes(StandardCharsets.UTF_8);
        String hashed = body + "\"sha256\":\"" + Sha256.of(start, start.length) + "\"}\n";
        try {
            SnapshotInfo read = Manifest.read("id", hashed.getBytes(StandardCharsets.UTF_8));
            assertThat(read.files().keySet()).containsExactlyElementsOf(SnapshotDraft.PARTS);
        } catch (SnapshotCorruptException e) {
            assertThat(e.file()).isEqualTo("manifest.json");
        }
    }
}
