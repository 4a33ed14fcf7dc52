package dev.longspan.snapshot;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.TensorInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** Writes checkpoints of one sequence as one safetensors file, a small buffer at a time. */
final class StateWriter {
    private static final int BUFFER = 1 << 18;
    private static final int ALIGNMENT = 8;

    private final List<Checkpoint> checkpoints;
    private final int head;
    private final List<List<TensorInfo>> tensors = new ArrayList<>();
    private final List<Integer> lengths = new ArrayList<>();
    private final WritableByteChannel target;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER).order(ByteOrder.LITTLE_ENDIAN);

    StateWriter(List<Checkpoint> checkpoints, WritableByteChannel target) {
        this.checkpoints = checkpoints;
        this.head = checkpoints.size() - 1;
        this.target = target;
        for (int i = 0; i <= head; i++) {
            int number = i;
            lengths.add(checkpoints.get(i).length());
            tensors.add(checkpoints.get(i).tensors().stream()
                    .filter(tensor -> number == head || StateLayout.isRecurrent(tensor.name()))
                    .toList());
        }
        StateFile.requireAscending(lengths);
    }

    void write() throws IOException {
        put(header());
        // keys and values are the largest and come from the head, which goes first
        for (int i = head; i >= 0; i--) {
            Sink sink = new Sink(tensors.get(i));
            try {
                checkpoints.get(i).write(sink);
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
            sink.requireAll();
        }
        flush();
    }

    private ByteBuffer header() {
        ObjectNode root = JsonNodeFactory.instance.objectNode();
        root.putObject(StateFile.METADATA)
                .put(StateFile.LAYOUT, StateLayout.VERSION)
                .put(StateFile.POSITIONS, lengths.stream().map(String::valueOf).collect(Collectors.joining(",")));
        long offset = 0;
        for (int i = head; i >= 0; i--) {
            for (TensorInfo tensor : tensors.get(i)) {
                ObjectNode entry = root.putObject(StateLayout.stored(tensor.name(), i, head));
                entry.put("dtype", tensor.dtype().name());
                tensor.shape().forEach(entry.putArray("shape")::add);
                entry.putArray("data_offsets").add(offset).add(offset + tensor.bytes());
                offset += tensor.bytes();
            }
        }
        byte[] json = root.toString().getBytes(StandardCharsets.UTF_8);
        int padded = (json.length + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
        ByteBuffer header = ByteBuffer.allocate(Long.BYTES + padded).order(ByteOrder.LITTLE_ENDIAN);
        header.putLong(padded).put(json);
        while (header.hasRemaining()) {
            header.put((byte) ' ');
        }
        return header.flip();
    }

    private void put(ByteBuffer bytes) throws IOException {
        while (bytes.hasRemaining()) {
            int count = Math.min(bytes.remaining(), buffer.remaining());
            buffer.put(bytes.slice(bytes.position(), count));
            bytes.position(bytes.position() + count);
            if (!buffer.hasRemaining()) {
                flush();
            }
        }
    }

    private void flush() throws IOException {
        buffer.flip();
        while (buffer.hasRemaining()) {
            target.write(buffer);
        }
        buffer.clear();
    }

    /** Takes the expected tensors of one checkpoint, in order, and skips the others. */
    private final class Sink implements StateSink {
        private final List<TensorInfo> expected;
        private int next;
        private long missing;

        Sink(List<TensorInfo> expected) {
            this.expected = expected;
        }

        @Override
        public boolean begin(TensorInfo tensor) {
            requireWhole();
            if (next == expected.size() || !expected.get(next).equals(tensor)) {
                if (expected.contains(tensor)) {
                    throw new IllegalStateException("a checkpoint writes " + tensor + " out of the order it lists");
                }
                return false;
            }
            next++;
            missing = tensor.bytes();
            return true;
        }

        @Override
        public void write(ByteBuffer bytes) {
            missing -= bytes.remaining();
            if (missing < 0) {
                throw new IllegalStateException("a checkpoint writes more than " + expected.get(next - 1));
            }
            try {
                put(bytes.duplicate());
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        private void requireWhole() {
            if (missing != 0) {
                throw new IllegalStateException(
                        "a checkpoint writes " + missing + " bytes too few of " + expected.get(next - 1));
            }
        }

        void requireAll() {
            requireWhole();
            if (next != expected.size()) {
                throw new IllegalStateException("a checkpoint lists " + expected.get(next) + " and does not write it");
            }
        }
    }
}
