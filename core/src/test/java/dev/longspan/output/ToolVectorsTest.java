package dev.longspan.output;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The golden vectors of one call with function tags. */
@Tag("fast")
class ToolVectorsTest {
    /** Blocks that are none, because their first tag is missing: they are text. */
    private static final Set<String> TEXT =
            Set.of("no wrapper", "only a closing wrapper", "empty text", "capital letters in the wrapper");

    private static Gathered parse(String block) {
        OutputRules rules = new OutputRules(false, List.of(), new FunctionTags(), List.of(), true, 8, false);
        Gathered whole = Gathered.of(rules, List.of(block));
        assertThat(Gathered.of(rules, Gathered.points(block)).outcome()).isEqualTo(whole.outcome());
        return whole;
    }

    @Test
    void everyVectorGivesTheExpectedCallOrError() {
        JsonNode root = OutputVectorsTest.vectors("toolparse.json");
        int seen = 0;
        for (String group : List.of("cases", "original_questionable")) {
            for (JsonNode entry : root.get(group)) {
                String name = entry.get("name").asText();
                Gathered got = parse(entry.get("block").asText());
                JsonNode expected = entry.has("expected") ? entry.get("expected") : entry.get("intended");
                if (expected.has("error_or")) {
                    if (got.raw().isEmpty()) {
                        assertThat(got.calls).as(name).hasSize(1);
                        OutputVectorsTest.assertCall(name, got.calls.get(0), expected.get("error_or"));
                    }
                } else if (!expected.has("error")) {
                    assertThat(got.calls).as(name + got.end()).hasSize(1);
                    OutputVectorsTest.assertCall(name, got.calls.get(0), expected);
                } else if (TEXT.contains(name)) {
                    assertThat(got.text()).as(name).isEqualTo(entry.get("block").asText());
                } else {
                    assertThat(got.calls).as(name).isEmpty();
                    assertThat(got.end()).as(name).isIn("MALFORMED", "INCOMPLETE");
                    assertThat(got.raw()).as(name).isEqualTo(entry.get("block").asText());
                }
                seen++;
            }
        }
        assertThat(seen).isEqualTo(57 + 11);
    }
}
