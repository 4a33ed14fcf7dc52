package dev.longspan.snapshot;

import dev.longspan.model.ModelFolder;
import dev.longspan.model.Weights;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SeekableByteChannel;
import java.nio.file.Files;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * What makes a saved state valid for a model, part by part: {@code architecture}, {@code weights}, {@code tokenizer},
 * {@code template} and {@code layout}. Neither the model's path nor the backend is part of it.
 *
 * <p>Weights of more than 1 GiB are hashed in samples unless all is asked for: every name, shape and data type, and of every
 * tensor the first and the last block of 4 KiB and 30 spread evenly between them. A change that touches only other blocks is
 * not seen.
 */
public final class Fingerprint {
    /** Up to so many bytes weights are always hashed in full. */
    public static final long FULL_BYTES = 1L << 30;

    private static final String ARCHITECTURE = "architecture";
    private static final String WEIGHTS = "weights";
    private static final String TOKENIZER = "tokenizer";
    private static final String TEMPLATE = "template";
    private static final String LAYOUT = "layout";
    private static final String FULL = "full:";
    private static final String SAMPLED = "sampled:";

    private static final int BLOCK = 4096;
    private static final int BLOCKS = 32;
    private static final int BUFFER = 1 << 20;

    private Fingerprint() {}

    /**
     * Computes the fingerprint of a model.
     *
     * @param folder the model's folder
     * @param full whether to hash all weights, whatever their size
     * @return the value of each part, in a fixed order
     * @throws ModelLoadException if a file cannot be read
     */
    public static Map<String, String> of(ModelFolder folder, boolean full) {
        try (Weights weights = folder.openWeights()) {
            return of(folder, weights, full || weights.bytes() <= FULL_BYTES);
        }
    }

    private static Map<String, String> of(ModelFolder folder, Weights weights, boolean full) {
        Map<String, String> parts = new LinkedHashMap<>();
        parts.put(
                ARCHITECTURE,
                new Sha256().add(Architecture.text(folder.config().spec())).hex());
        parts.put(WEIGHTS, (full ? FULL : SAMPLED) + weights(weights, full));
        parts.put(TOKENIZER, tokenizer(folder));
        Sha256 templates = new Sha256();
        new TreeMap<>(folder.templates().byName())
                .forEach((name, source) -> templates.add(name).add(source.text()));
        parts.put(TEMPLATE, templates.hex());
        parts.put(LAYOUT, StateLayout.VERSION);
        return Collections.unmodifiableMap(parts);
    }

    static String weights(WeightSource weights, boolean full) {
        Sha256 hash = new Sha256();
        ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
        for (String name : new TreeSet<>(weights.names())) {
            TensorInfo info = weights.info(name);
            hash.add(name).add(info.dtype().name()).add(info.shape().toString());
            if (full || info.bytes() <= (long) BLOCK * BLOCKS) {
                add(hash, weights, name, 0, info.bytes(), buffer);
            } else {
                long last = info.bytes() - BLOCK;
                for (int i = 0; i < BLOCKS; i++) {
                    // the product stays below 2^63 up to a tensor of 2^58 bytes
                    add(hash, weights, name, last * i / (BLOCKS - 1), BLOCK, buffer);
                }
            }
        }
        return hash.hex();
    }

    private static void add(
            Sha256 hash, WeightSource weights, String name, long offset, long length, ByteBuffer buffer) {
        for (long done = 0; done < length; done += buffer.limit()) {
            buffer.clear().limit((int) Math.min(buffer.capacity(), length - done));
            weights.read(name, offset + done, buffer);
            hash.add(buffer.flip());
        }
    }

    private static String tokenizer(ModelFolder folder) {
        try (SeekableByteChannel file = Files.newByteChannel(folder.tokenizerFile())) {
            return Sha256.of(file);
        } catch (IOException e) {
            throw new ModelLoadException("tokenizer.json", "", "cannot be read: " + e.getMessage(), e);
        }
    }

    /**
     * {@return what differs between two fingerprints, part by part, in words; empty if nothing does}
     *
     * @param saved that of a snapshot
     * @param mine that of the model
     */
    public static List<String> differences(Map<String, String> saved, Map<String, String> mine) {
        Set<String> parts = new LinkedHashSet<>(mine.keySet());
        parts.addAll(saved.keySet());
        List<String> differences = new ArrayList<>();
        for (String part : parts) {
            String then = saved.getOrDefault(part, "");
            String now = mine.getOrDefault(part, "");
            if (!then.equals(now)) {
                differences.add(difference(part, then, now));
            }
        }
        return List.copyOf(differences);
    }

    private static String difference(String part, String then, String now) {
        boolean comparable = then.startsWith(FULL) == now.startsWith(FULL);
        return switch (part) {
            case ARCHITECTURE -> "the architecture";
            case WEIGHTS ->
                comparable
                        ? "the weights"
                        : "how the weights are hashed, " + way(then) + " in the snapshot and " + way(now) + " here";
            case TOKENIZER -> "the tokenizer";
            case TEMPLATE -> "the chat template";
            case LAYOUT -> "the layout of the state, version " + then + " in the snapshot and " + now + " here";
            default -> part;
        };
    }

    private static String way(String value) {
        return value.startsWith(FULL) ? "in full" : "in samples";
    }
}
