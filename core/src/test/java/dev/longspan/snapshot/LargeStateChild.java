package dev.longspan.snapshot;

import dev.longspan.PartWriter;
import dev.longspan.SnapshotDraft;
import dev.longspan.SnapshotLabel;
import dev.longspan.SnapshotReader;
import dev.longspan.SnapshotSamples;
import dev.longspan.spi.AttentionHeads;
import dev.longspan.spi.Batch;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.LayerSpec;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.RunResult;
import dev.longspan.spi.SequenceState;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The program of a process with a small heap that saves and loads a state of many megabytes. */
final class LargeStateChild {
    private static final int BUFFER = 1 << 16;

    /** 32 KiB a token. */
    private static final ModelSpec SPEC = new ModelSpec(
            "large",
            100,
            8,
            1e-5,
            true,
            List.of(new LayerSpec.Mamba(4, 8, 1, 16, 4, 0, 1), attention(), attention(), attention(), attention()));

    private LargeStateChild() {}

    private static LayerSpec attention() {
        return new LayerSpec.Attention(new AttentionHeads(8, 8, 128), null);
    }

    public static void main(String[] args) {
        int tokens = Math.toIntExact((Long.parseLong(args[1]) << 20) / (32 << 10));
        SnapshotFolder store = SnapshotFolder.open(Path.of(args[0]), new Disk());
        Map<String, PartWriter> parts = new LinkedHashMap<>();
        parts.put("transcript.json", target -> {});
        parts.put("tokens.bin", target -> {});
        List<Checkpoint> checkpoints = List.of(new Made(tokens / 2), new Made(tokens - 1), new Made(tokens));
        parts.put("state.safetensors", target -> StateFile.write(checkpoints, target));
        store.save(new SnapshotDraft(
                "large", SnapshotSamples.CREATED, SnapshotLabel.NONE, "large", Map.of(), tokens, tokens, parts));
        try (SnapshotReader reader = store.read("large")) {
            List<Checkpoint> loaded = StateFile.read("large", reader.open("state.safetensors"), SPEC)
                    .load(new CheckingModel());
            System.out.println(
                    "loaded " + loaded.size() + " of " + loaded.get(2).length());
        }
    }

    /** What stands at a place of a tensor of a checkpoint; keys and values are those of every checkpoint. */
    private static long content(TensorInfo tensor, int length, long offset) {
        int owner = StateLayout.isRecurrent(tensor.name()) ? length : 0;
        return tensor.name().hashCode() * 31L + owner + offset;
    }

    /** A checkpoint whose content is made up while it is written. */
    private record Made(int length) implements Checkpoint {
        @Override
        public long bytes() {
            return 0;
        }

        @Override
        public long exclusiveBytes() {
            return 0;
        }

        @Override
        public List<TensorInfo> tensors() {
            return StateLayout.tensors(SPEC, length);
        }

        @Override
        public void write(StateSink sink) {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            for (TensorInfo tensor : tensors()) {
                if (sink.begin(tensor)) {
                    for (long at = 0; at < tensor.bytes(); at += buffer.limit()) {
                        buffer.clear().limit((int) Math.min(BUFFER, tensor.bytes() - at));
                        // only the first numbers of each piece differ
                        buffer.putLong(0, content(tensor, length, at));
                        sink.write(buffer);
                    }
                }
            }
        }

        @Override
        public void close() {}
    }

    /** A model that compares what it reads and keeps nothing. */
    private static final class CheckingModel implements LanguageModel {
        @Override
        public ModelSpec spec() {
            return SPEC;
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source) {
            return check(source, 0);
        }

        @Override
        public Checkpoint readCheckpoint(StateSource source, Checkpoint base) {
            return check(source, base.length());
        }

        private static Checkpoint check(StateSource source, int held) {
            ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
            for (TensorInfo expected : StateLayout.tensors(SPEC, source.length())) {
                TensorInfo tensor = source.info(expected.name());
                long row = StateLayout.isRecurrent(tensor.name()) ? 0 : tensor.bytes() / source.length() * held;
                // pieces begin where they began when they were written
                for (long at = row / BUFFER * BUFFER; at < tensor.bytes(); at += buffer.limit()) {
                    buffer.clear().limit((int) Math.min(BUFFER, tensor.bytes() - at));
                    source.read(tensor.name(), at, buffer);
                    if (!tensor.equals(expected) || buffer.getLong(0) != content(tensor, source.length(), at)) {
                        throw new IllegalArgumentException(tensor + " is not what was saved at " + at);
                    }
                }
            }
            return new Made(source.length());
        }

        @Override
        public SequenceState newState() {
            throw new UnsupportedOperationException();
        }

        @Override
        public SequenceState newState(Checkpoint checkpoint) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<RunResult> forward(Batch batch) {
            throw new UnsupportedOperationException();
        }

        @Override
        public void close() {}
    }
}
