package dev.longspan.snapshot;

import dev.longspan.SnapshotCorruptException;
import dev.longspan.SnapshotStoreException;
import dev.longspan.model.SafetensorsHeader;
import dev.longspan.model.StoredTensor;
import dev.longspan.spi.Checkpoint;
import dev.longspan.spi.DType;
import dev.longspan.spi.LanguageModel;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SeekableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * {@code state.safetensors}: several checkpoints of one sequence in one safetensors file. Keys and values are there once,
 * those of the longest, the head; each shorter checkpoint has its own recurrent states under {@code checkpoints.{j}.},
 * counted from the shortest. Not safe for use by several threads.
 */
public final class StateFile {
    /** The most checkpoints in one file. */
    public static final int MAX_CHECKPOINTS = 16;

    static final String FILE = "state.safetensors";
    static final String METADATA = "__metadata__";
    static final String LAYOUT = "layout";
    static final String POSITIONS = "positions";

    private static final int MAX_HEADER_BYTES = 16 << 20;
    private static final Pattern LIST = Pattern.compile("(0|[1-9][0-9]{0,9})(,(0|[1-9][0-9]{0,9})){0,15}");

    private final String id;
    private final SeekableByteChannel channel;
    private final Map<String, StoredTensor> stored;
    private final List<Integer> positions;
    private final ModelSpec spec;

    private StateFile(
            String id,
            SeekableByteChannel channel,
            Map<String, StoredTensor> stored,
            List<Integer> positions,
            ModelSpec spec) {
        this.id = id;
        this.channel = channel;
        this.stored = stored;
        this.positions = positions;
        this.spec = spec;
    }

    /**
     * Writes checkpoints. Needs little memory, however long they are.
     *
     * @param checkpoints 1 to {@value #MAX_CHECKPOINTS} open checkpoints of one sequence, the lengths ascending
     * @param target takes the file
     * @throws IOException if the target fails
     */
    public static void write(List<Checkpoint> checkpoints, WritableByteChannel target) throws IOException {
        new StateWriter(checkpoints, target).write();
    }

    static void requireAscending(List<Integer> lengths) {
        if (lengths.isEmpty() || lengths.size() > MAX_CHECKPOINTS) {
            throw new IllegalArgumentException(
                    "expected 1 to " + MAX_CHECKPOINTS + " checkpoints, found " + lengths.size());
        }
        for (int i = 1; i < lengths.size(); i++) {
            if (lengths.get(i) <= lengths.get(i - 1)) {
                throw new IllegalArgumentException("expected checkpoints of ascending lengths, found " + lengths);
            }
        }
    }

    /**
     * Reads a file's header and checks that it holds exactly the states of a network.
     *
     * @param id the snapshot's id, for messages
     * @param channel the file; used as long as this object is
     * @param spec the network
     * @return the file, of which no tensor has been read
     * @throws SnapshotCorruptException if it is anything else
     * @throws SnapshotStoreException if it cannot be read
     */
    public static StateFile read(String id, SeekableByteChannel channel, ModelSpec spec) {
        try {
            SafetensorsHeader.Contents contents = header(id, channel);
            StateFile file = new StateFile(id, channel, contents.tensors(), positions(id, contents.metadata()), spec);
            file.requireTensors();
            return file;
        } catch (ModelLoadException e) {
            throw new SnapshotCorruptException(id, FILE, withoutFile(String.valueOf(e.getMessage())), e);
        } catch (IOException e) {
            throw StorageFaults.of(FILE, "cannot be read", e);
        }
    }

    private static String withoutFile(String message) {
        return message.startsWith(FILE + ": ") ? message.substring(FILE.length() + 2) : message;
    }

    private static SafetensorsHeader.Contents header(String id, SeekableByteChannel channel) throws IOException {
        long size = channel.size();
        if (size < SafetensorsHeader.LENGTH_BYTES) {
            throw new SnapshotCorruptException(id, FILE, "expected a header's length of 8 bytes, found " + size);
        }
        ByteBuffer length = ByteBuffer.allocate(SafetensorsHeader.LENGTH_BYTES).order(ByteOrder.LITTLE_ENDIAN);
        fill(id, channel, 0, length);
        int bytes = SafetensorsHeader.requireLength(FILE, length.getLong(0), size);
        if (bytes > MAX_HEADER_BYTES) {
            throw new SnapshotCorruptException(
                    id, FILE, "expected a header of at most " + MAX_HEADER_BYTES + " bytes, found " + bytes);
        }
        byte[] header = new byte[bytes];
        fill(id, channel, SafetensorsHeader.LENGTH_BYTES, ByteBuffer.wrap(header));
        return SafetensorsHeader.read(FILE, header, size);
    }

    private static List<Integer> positions(String id, Map<String, String> metadata) {
        String layout = metadata.getOrDefault(LAYOUT, "none");
        if (!layout.equals(StateLayout.VERSION)) {
            throw new SnapshotCorruptException(
                    id, FILE, "expected layout " + StateLayout.VERSION + " in the metadata, found " + layout);
        }
        String text = metadata.getOrDefault(POSITIONS, "none");
        try {
            if (!LIST.matcher(text).matches()) {
                throw new IllegalArgumentException("expected 1 to " + MAX_CHECKPOINTS + " lengths, found " + text);
            }
            List<Integer> positions = new ArrayList<>();
            for (String each : text.split(",", -1)) {
                positions.add(Integer.parseInt(each));
            }
            requireAscending(positions);
            return List.copyOf(positions);
        } catch (IllegalArgumentException e) {
            throw new SnapshotCorruptException(id, FILE, POSITIONS + " in the metadata: " + e.getMessage(), e);
        }
    }

    private void requireTensors() {
        int head = positions.size() - 1;
        Map<String, TensorInfo> expected = new HashMap<>();
        for (int i = 0; i <= head; i++) {
            for (TensorInfo tensor : StateLayout.tensors(spec, positions.get(head))) {
                expected.put(StateLayout.stored(tensor.name(), i, head), tensor);
            }
        }
        for (Map.Entry<String, TensorInfo> each : expected.entrySet()) {
            StoredTensor found = stored.get(each.getKey());
            if (found == null) {
                throw corrupt(each.getKey(), "expected this tensor, found none of this name");
            }
            TensorInfo wanted = each.getValue();
            boolean recurrent = StateLayout.isRecurrent(wanted.name());
            if (!found.dtype().equals("F32") && (recurrent || !found.dtype().equals("BF16"))) {
                throw corrupt(
                        each.getKey(),
                        "expected data type F32" + (recurrent ? "" : " or BF16") + ", found " + found.dtype());
            }
            if (!found.shape().equals(wanted.shape())) {
                throw corrupt(each.getKey(), "expected shape " + wanted.shape() + ", found " + found.shape());
            }
        }
        for (String name : stored.keySet()) {
            if (!expected.containsKey(name)) {
                throw corrupt(name, "expected no such tensor");
            }
        }
    }

    private SnapshotCorruptException corrupt(String tensor, String problem) {
        return new SnapshotCorruptException(id, FILE, tensor + ": " + problem);
    }

    /** {@return the lengths of the checkpoints, ascending; the last is the head's} */
    public List<Integer> positions() {
        return positions;
    }

    /**
     * {@return one checkpoint, to be read while the channel is open}
     *
     * <p>It throws {@link SnapshotCorruptException} where the file ends too early and {@link SnapshotStoreException} where it
     * cannot be read.
     *
     * @param checkpoint its number in {@link #positions}
     */
    public StateSource source(int checkpoint) {
        return new Source(checkpoint, positions.get(checkpoint));
    }

    /**
     * Reads all checkpoints, which then share their keys and values.
     *
     * @param model a model of the same network
     * @return one checkpoint for each of {@link #positions}, to be closed by the caller
     * @throws SnapshotCorruptException if the model refuses the content
     * @throws SnapshotStoreException if the file cannot be read
     * @throws dev.longspan.spi.BackendMemoryException if there is not enough memory
     */
    public List<Checkpoint> load(LanguageModel model) {
        List<Checkpoint> loaded = new ArrayList<>();
        boolean done = false;
        try {
            for (int i = 0; i < positions.size(); i++) {
                loaded.add(
                        i == 0 ? model.readCheckpoint(source(i)) : model.readCheckpoint(source(i), loaded.get(i - 1)));
            }
            done = true;
            return List.copyOf(loaded);
        } catch (IllegalArgumentException e) {
            throw new SnapshotCorruptException(id, FILE, String.valueOf(e.getMessage()), e);
        } finally {
            if (!done) {
                loaded.forEach(Checkpoint::close);
            }
        }
    }

    private static void fill(String id, SeekableByteChannel channel, long position, ByteBuffer target)
            throws IOException {
        channel.position(position);
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                throw new SnapshotCorruptException(
                        id,
                        FILE,
                        "expected " + target.remaining() + " more bytes at " + channel.position() + ", found the end");
            }
        }
    }

    private final class Source implements StateSource {
        private final int checkpoint;
        private final int length;

        Source(int checkpoint, int length) {
            this.checkpoint = checkpoint;
            this.length = length;
        }

        private StoredTensor tensor(String name) {
            StoredTensor tensor = stored.get(StateLayout.stored(name, checkpoint, positions.size() - 1));
            if (tensor == null) {
                throw new IllegalArgumentException(name + ": expected a tensor of this state, found no such name");
            }
            return tensor;
        }

        @Override
        public int length() {
            return length;
        }

        @Override
        public TensorInfo info(String name) {
            StoredTensor tensor = tensor(name);
            List<Long> shape = new ArrayList<>(tensor.shape());
            if (!StateLayout.isRecurrent(name)) {
                shape.set(0, (long) length);
            }
            return new TensorInfo(name, DType.valueOf(tensor.dtype()), shape);
        }

        @Override
        public void read(String name, long offset, ByteBuffer target) {
            long bytes = info(name).bytes();
            if (offset < 0 || offset > bytes - target.remaining()) {
                throw new IndexOutOfBoundsException(name + ": expected a part of " + bytes + " bytes, found offset "
                        + offset + ", length " + target.remaining());
            }
            try {
                fill(id, channel, tensor(name).position() + offset, target);
            } catch (IOException e) {
                throw StorageFaults.of(FILE, "cannot be read", e);
            }
        }
    }
}
