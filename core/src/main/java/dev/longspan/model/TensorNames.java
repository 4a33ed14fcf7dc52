package dev.longspan.model;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.spi.ModelLoadException;
import dev.longspan.spi.ModelSpec;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The one table of tensor names: what checkpoints call the tensors of {@link ModelSpec#tensors}.
 *
 * <p>A user can override it by a file {@code longspan-tensors.json} beside the weights: a JSON object from the name in
 * {@link ModelSpec#tensors} to the stored name. In both, <code>{i}</code> stands for the layer and <code>{j}</code> for
 * the expert, so that one line serves all layers:
 *
 * <pre>{"backbone.layers.{i}.mixer.search_q_proj.weight": "backbone.layers.{i}.mixer.route.weight"}</pre>
 *
 * <p>Where the first name has <code>{j}</code> and the stored name has not, the stored tensor is a stack of all experts.
 */
final class TensorNames {
    static final String FILE = "longspan-tensors.json";

    private static final String PREFIX = "backbone.";
    private static final List<String> PREFIXES = List.of(PREFIX, "model.");
    private static final Pattern LAYER = Pattern.compile("(?<=\\blayers\\.)(\\d+)(?=\\.)");
    private static final Pattern EXPERT = Pattern.compile("(?<=\\.experts\\.)(\\d+)(?=\\.)");
    private static final Pattern STACKED = Pattern.compile("\\.experts\\.\\d+\\.(up_proj|down_proj)\\.weight$");

    /** Other spellings of the end of a name. */
    private static final Map<String, List<String>> SPELLINGS = Map.of(
            "mixer.search_q_proj.weight",
            List.of(
                    "mixer.q_search_proj.weight",
                    "mixer.search_proj.weight",
                    "mixer.search_query_proj.weight",
                    "mixer.q1_proj.weight",
                    "mixer.span_q_proj.weight",
                    "mixer.span_search_proj.weight"),
            "embeddings.weight",
            List.of("embedding.weight", "embed_tokens.weight"),
            "norm_f.weight",
            List.of("norm.weight"));

    private final Map<String, String> overrides;

    private TensorNames(Map<String, String> overrides) {
        this.overrides = overrides;
    }

    /**
     * A place where a tensor may be stored.
     *
     * @param name the stored name
     * @param expert the slice of a stacked tensor; -1 if the tensor stands alone
     */
    record Candidate(String name, int expert) {}

    /** Reads the file of overrides, if there is one. */
    static TensorNames read(FolderReader folder, ModelSpec spec) {
        if (!folder.has(FILE)) {
            return new TensorNames(Map.of());
        }
        ObjectNode root = folder.json(FILE);
        Set<String> known = new HashSet<>();
        for (ModelSpec.Tensor tensor : spec.tensors()) {
            known.add(tensor.name());
            known.add(template(tensor.name()));
        }
        Map<String, String> overrides = new LinkedHashMap<>();
        for (Map.Entry<String, JsonNode> entry : root.properties()) {
            JsonNode stored = entry.getValue();
            if (!known.contains(entry.getKey())) {
                throw new ModelLoadException(
                        FILE, entry.getKey(), "expected the name of a tensor of this network, found another name");
            }
            if (!stored.isTextual() || stored.textValue().isEmpty()) {
                throw new ModelLoadException(
                        FILE, entry.getKey(), "expected a stored tensor's name, found " + StrictJson.show(stored));
            }
            for (String place : List.of("{i}", "{j}")) {
                if (stored.textValue().contains(place) && !entry.getKey().contains(place)) {
                    throw new ModelLoadException(
                            FILE,
                            entry.getKey(),
                            "expected " + place + " in this name, too, or not in the stored one, found "
                                    + StrictJson.show(stored));
                }
            }
            overrides.put(entry.getKey(), stored.textValue());
        }
        return new TensorNames(overrides);
    }

    /** Whether the user's file says where the tensor is. */
    boolean isOverridden(String canonical) {
        return overrides.containsKey(canonical) || overrides.containsKey(template(canonical));
    }

    /** The places to look for a tensor. */
    List<Candidate> candidates(String canonical) {
        Candidate override = override(canonical);
        if (override != null) {
            return List.of(override);
        }
        Set<String> names = new LinkedHashSet<>();
        for (String spelling : spellings(canonical)) {
            if (!spelling.startsWith(PREFIX)) {
                names.add(spelling);
            } else {
                for (String prefix : PREFIXES) {
                    names.add(prefix + spelling.substring(PREFIX.length()));
                }
            }
        }
        List<Candidate> candidates = new ArrayList<>();
        names.forEach(name -> candidates.add(new Candidate(name, -1)));
        int expert = expert(canonical);
        if (expert >= 0) {
            for (String name : names) {
                String stacked = STACKED.matcher(name).replaceFirst(".experts.$1");
                candidates.add(new Candidate(stacked, expert));
                candidates.add(new Candidate(stacked + ".weight", expert));
            }
        }
        return candidates;
    }

    private @Nullable Candidate override(String canonical) {
        String stored = overrides.get(canonical);
        if (stored != null) {
            return new Candidate(stored, -1);
        }
        stored = overrides.get(template(canonical));
        if (stored == null) {
            return null;
        }
        Matcher layer = LAYER.matcher(canonical);
        String name = layer.find() ? stored.replace("{i}", layer.group()) : stored;
        int expert = expert(canonical);
        if (expert < 0 || stored.contains("{j}")) {
            return new Candidate(name.replace("{j}", Integer.toString(expert)), -1);
        }
        return new Candidate(name, expert);
    }

    private static List<String> spellings(String canonical) {
        List<String> all = new ArrayList<>();
        all.add(canonical);
        SPELLINGS.forEach((end, others) -> {
            // "layers.0.norm.weight" must not be taken for another spelling of a name without a layer
            if (canonical.equals(PREFIX + end) || (end.startsWith("mixer.") && canonical.endsWith("." + end))) {
                String start = canonical.substring(0, canonical.length() - end.length());
                others.forEach(other -> all.add(start + other));
            }
        });
        return all;
    }

    private static int expert(String canonical) {
        Matcher matcher = EXPERT.matcher(canonical);
        return matcher.find() ? Integer.parseInt(matcher.group()) : -1;
    }

    private static String template(String canonical) {
        String layers = LAYER.matcher(canonical).replaceFirst("{i}");
        return EXPERT.matcher(layers).replaceFirst("{j}");
    }
}
