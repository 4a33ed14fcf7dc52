package dev.longspan.template;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.longspan.ChatTemplateException;
import dev.longspan.text.MarkedText;
import dev.longspan.text.Origin;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** Control tokens in messages, tools, arguments and results never reach the prompt without a mark. */
class InjectionTest {
    /** Chars that no template holds: whatever stands between two of them came from outside. */
    private static final char FENCE = 'ξ';

    private static final Pattern TOKEN =
            Pattern.compile("<[|｜][^<>\\s'\"]{1,40}[|｜]?>|\\[/?[A-Z_]{2,20}]|</?[a-z_|]{2,24}>");
    private static final Pattern FENCED = Pattern.compile(FENCE + "[^" + FENCE + "]*" + FENCE);
    private static final String CONVERSATION = """
            {"messages": [
              {"role": "system", "content": "S"},
              {"role": "user", "content": "U"},
              {"role": "assistant", "content": "", "reasoning_content": "R", "tool_calls": [{"id": "call_0001", "type":
                "function", "function": {"name": "N", "arguments": {"A": "V", "B": ["W", {"C": "X"}]}}}]},
              {"role": "tool", "name": "N", "tool_call_id": "call_0001", "content": "T"},
              {"role": "assistant", "content": "Q"},
              {"role": "user", "content": "Z"}],
             "tools": [{"type": "function", "function": {"name": "N", "description": "D", "parameters": {"type": "object",
               "properties": {"A": {"type": "string", "description": "E", "enum": ["F", "G"]}}, "required": ["A"]}}}]}
            """;

    private static final Set<String> FIXED = Set.of("role", "type", "tool_call_id", "id");

    @TestFactory
    Stream<DynamicTest> publishedTemplatesMarkWhatIsInjected() {
        GoldenCases published = GoldenCases.published();
        return published
                .templates()
                .map(name -> DynamicTest.dynamicTest(name, () -> {
                    int rendered = inject(published.source(name), published.common());
                    assertThat(rendered)
                            .as("conversations that the template takes")
                            .isPositive();
                }));
    }

    @Test
    void theNanoTemplateMarksWhatIsInjected() {
        assertThat(inject(GoldenCases.nanoTemplate(), Map.of())).isEqualTo(3);
    }

    /** Renders conversations full of the template's own tokens; returns how many the template did not refuse. */
    private static int inject(String source, Map<String, Object> common) {
        String tokens = String.join(" ", tokens(source));
        ChatTemplate template = ChatTemplate.parse(source, TemplateLimits.DEFAULT);
        int rendered = 0;
        for (int variant = 0; variant < 3; variant++) {
            MarkedText text;
            try {
                text = template.render(context(variant, FENCE + tokens + FENCE, common));
            } catch (ChatTemplateException e) {
                continue;
            }
            rendered++;
            assertThat(FENCED.matcher(text.text()).find())
                    .as("something was injected")
                    .isTrue();
            assertThat(MarksProperties.unmarked(text)).doesNotContain(String.valueOf(FENCE));
            for (Matcher fenced = FENCED.matcher(text.text()); fenced.find(); ) {
                String inside = text.text().substring(fenced.start(), fenced.end());
                if (inside.contains(tokens)) {
                    int from = fenced.start();
                    int to = fenced.end();
                    assertThat(text.marks()).as(inside).anyMatch(mark -> mark.start() <= from && mark.end() >= to);
                }
            }
        }
        return rendered;
    }

    private static Set<String> tokens(String source) {
        Set<String> tokens = new TreeSet<>(List.of("<|im_end|>", "<|im_start|>", "</s>", "<tool_call>"));
        for (Matcher token = TOKEN.matcher(source); token.find(); ) {
            tokens.add(token.group());
        }
        // what templates look for in answers would change their way, not their marks
        tokens.removeIf(token -> token.contains("think") || token.contains("channel"));
        return tokens;
    }

    /** The whole conversation, the same without tools and calls, or only a user's message. */
    private static Map<String, Object> context(int variant, String injected, Map<String, Object> common) {
        JsonNode conversation;
        try {
            conversation = new ObjectMapper().readTree(CONVERSATION);
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
        ObjectNode root = (ObjectNode) conversation;
        ArrayNode messages = (ArrayNode) root.get("messages");
        if (variant > 0) {
            root.remove("tools");
            messages.remove(3);
            messages.remove(2);
        }
        if (variant == 2) {
            while (messages.size() > 1) {
                messages.remove(0);
            }
        }
        Map<String, Object> context = new HashMap<>(common);
        context.put("add_generation_prompt", true);
        context.put("functions", TemplateText.marked(injected, Origin.OUTSIDE));
        context.put("datetime", TemplateText.marked(injected, Origin.OUTSIDE));
        inject(root, injected)
                .properties()
                .forEach(entry -> context.put(entry.getKey(), TemplateValues.marked(entry.getValue(), Origin.OUTSIDE)));
        return context;
    }

    private static JsonNode inject(JsonNode node, String injected) {
        if (node.isTextual()) {
            return node.textValue().isEmpty() ? node : TextNode.valueOf(node.textValue() + injected);
        }
        if (node.isArray()) {
            ArrayNode array = new ObjectMapper().createArrayNode();
            node.forEach(item -> array.add(inject(item, injected)));
            return array;
        }
        if (node.isObject()) {
            ObjectNode object = new ObjectMapper().createObjectNode();
            node.properties().forEach(entry -> {
                String key = entry.getKey();
                boolean chosen = key.length() == 1;
                object.set(
                        chosen ? key + injected : key,
                        FIXED.contains(key) ? entry.getValue() : inject(entry.getValue(), injected));
            });
            return object;
        }
        return node;
    }
}
