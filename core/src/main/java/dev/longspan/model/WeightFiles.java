package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import dev.longspan.spi.ModelLoadException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The safetensors files of a model: {@code model.safetensors}, or the shards that {@code model.safetensors.index.json}
 * names. A shard is a plain name of a file in the same folder; the file itself may be a symbolic link, as in the caches
 * of model hubs.
 */
final class WeightFiles implements AutoCloseable {
    private static final String SINGLE = "model.safetensors";
    private static final String INDEX = "model.safetensors.index.json";
    private static final String SUFFIX = ".safetensors";
    private static final int MAX_SHARDS = 10_000;

    private final String name;
    private final Map<String, SafetensorsFile> files = new LinkedHashMap<>();
    private final Map<String, StoredTensor> tensors = new LinkedHashMap<>();

    private WeightFiles(String name) {
        this.name = name;
    }

    static WeightFiles open(FolderReader folder) {
        boolean single = folder.has(SINGLE);
        if (!single && !folder.has(INDEX)) {
            throw new ModelLoadException(
                    SINGLE,
                    "",
                    "expected this file or " + INDEX + " in "
                            + folder.folder().toAbsolutePath() + ", found neither"
                            + (folder.has("pytorch_model.bin") || folder.has("pytorch_model.bin.index.json")
                                    ? "; pytorch_model.bin is never read, convert it to safetensors"
                                    : ""));
        }
        WeightFiles weights = new WeightFiles(single ? SINGLE : INDEX);
        boolean opened = false;
        try {
            if (single) {
                weights.add(SafetensorsFile.open(folder, SINGLE));
            } else {
                weights.addShards(folder);
            }
            opened = true;
            return weights;
        } finally {
            if (!opened) {
                weights.close();
            }
        }
    }

    private void addShards(FolderReader folder) {
        Map<String, String> shards = index(folder);
        for (String shard : shards.values()) {
            if (!files.containsKey(shard)) {
                if (!folder.has(shard)) {
                    throw new ModelLoadException(INDEX, shard, "expected a shard of this name, found none");
                }
                add(SafetensorsFile.open(folder, shard));
            }
        }
        shards.forEach((tensor, shard) -> {
            StoredTensor stored = tensors.get(tensor);
            if (stored == null || !stored.file().equals(shard)) {
                throw new ModelLoadException(
                        INDEX,
                        tensor,
                        "expected this tensor in " + shard + ", found "
                                + (stored == null ? "it in no shard" : "it in " + stored.file()));
            }
        });
    }

    private static Map<String, String> index(FolderReader folder) {
        JsonKeys keys = new JsonKeys(INDEX, folder.json(INDEX));
        JsonNode map = keys.node("weight_map");
        if (map == null || !map.isObject() || map.isEmpty()) {
            throw keys.fault("weight_map", "an object from tensors to shards");
        }
        Map<String, String> shards = new LinkedHashMap<>();
        Map<String, String> distinct = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : map.properties()) {
            JsonNode shard = entry.getValue();
            if (!shard.isTextual() || !isPlainName(shard.textValue())) {
                throw new ModelLoadException(
                        INDEX,
                        "weight_map." + entry.getKey(),
                        "expected the plain name of a .safetensors file in this folder, found "
                                + StrictJson.show(shard));
            }
            String name = distinct.computeIfAbsent(shard.textValue(), each -> each);
            shards.put(entry.getKey(), name);
        }
        if (distinct.size() > MAX_SHARDS) {
            throw new ModelLoadException(
                    INDEX, "weight_map", "expected at most " + MAX_SHARDS + " shards, found " + distinct.size());
        }
        return shards;
    }

    private static boolean isPlainName(String name) {
        return name.endsWith(SUFFIX)
                && !name.startsWith(".")
                && name.length() <= 255
                && name.chars().noneMatch(c -> c == '/' || c == '\\' || c == ':' || c < ' ');
    }

    private void add(SafetensorsFile file) {
        files.put(file.name(), file);
        file.tensors().forEach((tensor, stored) -> {
            StoredTensor other = tensors.putIfAbsent(tensor, stored);
            if (other != null) {
                throw new ModelLoadException(
                        file.name(), tensor, "expected each tensor once, found it in " + other.file() + ", too");
            }
        });
    }

    /** The file that says which tensors there are: the only weights file, or the index. */
    String name() {
        return name;
    }

    /** All tensors of all files by their stored names. */
    Map<String, StoredTensor> tensors() {
        return tensors;
    }

    SafetensorsFile file(StoredTensor tensor) {
        SafetensorsFile file = files.get(tensor.file());
        if (file == null) {
            throw new IllegalArgumentException(tensor.file() + " is not a file of these weights");
        }
        return file;
    }

    /** The names of the files, in the order they were opened. */
    List<String> files() {
        return List.copyOf(files.keySet());
    }

    @Override
    public void close() {
        files.values().forEach(SafetensorsFile::close);
    }
}
