package dev.longspan;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.longspan.tck.TemplateKind;
import java.io.IOException;
import java.nio.file.Files;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Tool calls through the whole engine. */
class ToolCallingTest extends OnDigestBackend {
    private static ChatRequestBuilder withTools(String text) {
        return user(text).tools(List.of(WEATHER, new ToolSpecification("now", "", "")));
    }

    @Test
    void aCallIsReportedWithItsArgumentsAndEndsTheAnswer() {
        ChatResponse response =
                engine().chat(withTools("!call weather city=Paris days=3\n!end").build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        assertThat(response.text()).isEmpty();
        ToolCall call = response.message().toolCalls().get(0);
        assertThat(call.name()).isEqualTo("weather");
        assertThat(call.arguments()).isEqualTo("{\"city\":\"Paris\",\"days\":3}");
        assertThat(call.id()).matches("[A-Za-z0-9]{9}");
    }

    @Test
    void severalCallsAndTheTextAroundThemAreAllKept() {
        String script = "!think 4\n!say First. \n!call now\n!say  Then \n!call weather days=1\n!say \\n\\n\n!end";
        ChatEngine engine = engine();
        List<ChatEvent> events = events(engine, withTools(script).build());
        ChatResponse response = ((ChatEvent.Completed) events.get(events.size() - 1)).response();
        assertThat(response.message().toolCalls()).extracting(ToolCall::name).containsExactly("now", "weather");
        assertThat(response.text()).isEqualTo("First.  Then ");
        Set<String> ids = new HashSet<>();
        response.message().toolCalls().forEach(call -> ids.add(call.id()));
        assertThat(ids).hasSize(2);

        StringBuilder text = new StringBuilder();
        int ready = 0;
        boolean provisional = false;
        for (ChatEvent event : events) {
            if (event instanceof ChatEvent.TextDelta delta) {
                text.append(delta.text());
            } else if (event instanceof ChatEvent.ToolCallDelta delta) {
                assertThat(delta.index()).isEqualTo(ready);
                provisional = true;
            } else if (event instanceof ChatEvent.ToolCallReady call) {
                assertThat(provisional).as("a delta came before").isTrue();
                assertThat(call.index()).isEqualTo(ready);
                assertThat(call.call()).isEqualTo(response.message().toolCalls().get(ready));
                ready++;
                provisional = false;
            }
        }
        assertThat(ready).isEqualTo(2);
        assertThat(text.toString()).isEqualTo(response.text());
    }

    @Test
    void aWholeToolLoopEndsInAnAnswer() {
        ChatEngine engine = engine();
        ChatResponse first = engine.chat(withTools("!call weather days=2\n!end").build());
        ToolCall call = first.message().toolCalls().get(0);
        ChatResponse second = engine.chat(ChatRequest.builder()
                .messages(List.of(
                        ChatMessage.user("!call weather days=2\n!end"),
                        first.message(),
                        ChatMessage.tool(call.id(), "sunny"),
                        ChatMessage.user("!say It will be sunny.\n!end")))
                .tools(List.of(WEATHER))
                .build());
        assertThat(second.text()).isEqualTo("It will be sunny.");
    }

    @Test
    void withoutToolsTheTagsAreText() {
        String call = "<tool_call>\n<function=weather>\n</function>\n</tool_call>";
        ChatEngine engine = engine();
        ChatResponse none = engine.chat(user("!call weather\n!end").build());
        assertThat(none.text()).isEqualTo(call);
        assertThat(none.finishReason()).isEqualTo(FinishReason.STOP);
        ChatRequest forbidden =
                withTools("!call weather\n!end").toolChoice(ToolChoice.NONE).build();
        assertThat(engine.chat(forbidden).text()).isEqualTo(call);
        assertThat(engine.countTokens(forbidden))
                .as("the model is not told of the tools")
                .isEqualTo(engine.countTokens(user("!call weather\n!end").build()));
    }

    @Test
    void aCallThatCannotBeUsedFailsWithItsRawText() {
        ChatEngine engine = engine();
        List<ChatEvent> events = events(
                engine,
                withTools("!say Well: \n!call nobody a=1\n!say hidden\n!end").build());
        ChatEvent.Failed failed = (ChatEvent.Failed) events.get(events.size() - 1);
        assertThat(failed.error()).isInstanceOfSatisfying(ToolCallException.class, e -> {
            assertThat(e.reason()).isEqualTo(ToolCallException.Reason.UNKNOWN_TOOL);
            assertThat(e.rawText())
                    .isEqualTo(
                            "<tool_call>\n<function=nobody>\n<parameter=a>\n1\n</parameter>\n</function>\n</tool_call>");
            assertThat(e).hasMessageContaining("nobody").hasMessageContaining("weather");
        });
        StringBuilder text = new StringBuilder();
        for (ChatEvent event : events) {
            text.append(event instanceof ChatEvent.TextDelta delta ? delta.text() : "");
        }
        assertThat(text.toString()).isEqualTo("Well: ");
        assertThatThrownBy(() -> engine.chat(
                        withTools("!say <tool_call>broken</tool_call>\n!end").build()))
                .isInstanceOfSatisfying(
                        ToolCallException.class,
                        e -> assertThat(e.reason()).isEqualTo(ToolCallException.Reason.MALFORMED));
        assertThatThrownBy(() -> engine.chat(
                        withTools("!say <tool_call><function=now>\n!end").build()))
                .isInstanceOfSatisfying(
                        ToolCallException.class,
                        e -> assertThat(e.reason()).isEqualTo(ToolCallException.Reason.INCOMPLETE));
        assertThatThrownBy(() -> engine.chat(
                        withTools("!call now\n!call now\n!end").maxToolCalls(1).build()))
                .isInstanceOfSatisfying(
                        ToolCallException.class,
                        e -> assertThat(e.reason()).isEqualTo(ToolCallException.Reason.TOO_MANY));
        assertThat(engine.chat(user("!say on\n!end").build()).text()).isEqualTo("on");
    }

    @Test
    void aCallCutByTheLimitIsTextWithReasonLength() {
        ChatResponse response = engine().chat(withTools("!call weather city=Paris\n!end")
                .maxTokens(20)
                .build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.message().toolCalls()).isEmpty();
        assertThat(response.text()).isEqualTo("<tool_call>\n<function=weather>");
    }

    @Test
    void requiredForcesTheOpeningOfACallOnceThinkingHasClosed() throws IOException {
        for (TemplateKind kind : List.of(TemplateKind.STABLE, TemplateKind.THINK_OPENING)) {
            write(kind);
            ChatEngine engine = engine();
            ChatResponse response = engine.chat(withTools("!think 6\n!call weather days=1\n!end")
                    .toolChoice(ToolChoice.REQUIRED)
                    .build());
            assertThat(response.message().thinking()).as(kind.name()).matches("\n?[0-9a-f]{6}\n");
            assertThat(response.message().toolCalls())
                    .extracting(ToolCall::arguments)
                    .containsExactly("{\"days\":1}");
            assertThat(response.finishReason()).isEqualTo(FinishReason.TOOL_CALLS);
        }
    }

    @Test
    void requiredForcesACallOnAModelThatWouldSaySomethingElse() {
        ChatEngine engine = engine();
        ChatRequestBuilder request =
                withTools("!say abcdefghijklmnopqrstuvwxyz hello</parameter></function></tool_call>\n!end");
        assertThat(engine.chat(request.build()).text()).startsWith("abc");
        assertThatThrownBy(() ->
                        engine.chat(request.toolChoice(ToolChoice.REQUIRED).build()))
                .as("the opening is there, so what follows is read as a call")
                .isInstanceOfSatisfying(
                        ToolCallException.class, e -> assertThat(e.rawText()).startsWith("<tool_call>\n<function="));
    }

    @Test
    void aNamedToolIsForcedWithItsName() {
        ChatResponse response = engine().chat(withTools("!call weather days=5\n!end")
                .toolChoice(ToolChoice.of("weather"))
                .build());
        assertThat(response.message().toolCalls())
                .extracting(ToolCall::arguments)
                .containsExactly("{\"days\":5}");
        int forced = "<tool_call>\n<function=weather>".length() - "<tool_call>".length() + 1;
        assertThat(response.usage().completionTokens()).isGreaterThan(forced);
    }

    @Test
    void forcedTokensCountAgainstTheLimit() {
        ChatResponse response = engine().chat(withTools("!call weather days=5\n!end")
                .toolChoice(ToolChoice.REQUIRED)
                .maxTokens(5)
                .build());
        assertThat(response.finishReason()).isEqualTo(FinishReason.LENGTH);
        assertThat(response.text()).isEqualTo("<tool_call>\n<fu");
        assertThat(response.usage().completionTokens()).isEqualTo(5);
    }

    @Test
    void aChoiceThatDoesNotFitIsRefusedByName() {
        assertThatThrownBy(() -> user("x").toolChoice(ToolChoice.REQUIRED).build())
                .hasMessageContaining("toolChoice");
        assertThatThrownBy(
                        () -> withTools("x").toolChoice(ToolChoice.of("other")).build())
                .hasMessageContaining("toolChoice")
                .hasMessageContaining("other");
        assertThatThrownBy(() -> user("x").tools(List.of(WEATHER, WEATHER)).build())
                .hasMessageContaining("tools[1].name");
        assertThatThrownBy(() -> user("x").maxToolCalls(0)).hasMessageContaining("maxToolCalls");
        ChatEngine engine = engine();
        assertThatThrownBy(() ->
                        engine.chat(withTools("x").toolParser("smoke signals").build()))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("toolParser")
                .hasMessageContaining("hermes");
        assertThatThrownBy(() -> engine.chat(withTools("x")
                        .toolParser(ToolParser.MISTRAL)
                        .toolChoice(ToolChoice.REQUIRED)
                        .build()))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("toolChoice")
                .hasMessageContaining("mistral");
    }

    @Test
    void aRequestMayNameAnotherFormat() {
        ChatResponse response = engine().chat(
                        withTools("!say <tool_call>{\"name\": \"now\", \"arguments\": {\"a\": 1}}</tool_call>\n!end")
                                .toolParser(ToolParser.HERMES)
                                .build());
        assertThat(response.message().toolCalls())
                .extracting(ToolCall::arguments)
                .containsExactly("{\"a\":1}");
    }

    @Test
    void anApplicationMayBringAFormatOfItsOwn() {
        ChatEngine engine = keep(builder().toolParser(new BangCalls()).build());
        assertThat(engine.chat(withTools("!say Now: CALL weather! done\n!end").build())
                        .message())
                .satisfies(message -> {
                    assertThat(message.text()).isEqualTo("Now:  done");
                    assertThat(message.toolCalls()).extracting(ToolCall::name).containsExactly("weather");
                });
        assertThat(engine.chat(withTools("!say CALL of the wild\n!end").build()).text())
                .isEqualTo("CALL of the wild");
    }

    /** {@code CALL name!} is a call; {@code CALL} and other words are text. */
    private static final class BangCalls implements ToolParser {
        @Override
        public String name() {
            return "bang";
        }

        @Override
        public boolean fits(String template) {
            return true;
        }

        @Override
        public List<String> openings() {
            return List.of("CALL ");
        }

        @Override
        public Reader reader(List<ToolSpecification> tools) {
            StringBuilder taken = new StringBuilder();
            return new Reader() {
                @Override
                public State accept(char next) {
                    taken.append(next);
                    if (taken.length() <= "CALL ".length() || Character.isLetter(next)) {
                        return State.READING;
                    }
                    return next == '!' ? State.COMPLETE : State.NO_CALL;
                }

                @Override
                public String name() {
                    return "";
                }

                @Override
                public boolean isCertain() {
                    return false;
                }

                @Override
                public List<Call> calls() {
                    return List.of(new Call(taken.substring("CALL ".length(), taken.length() - 1), "{}"));
                }
            };
        }
    }

    @Test
    void toolsAreRefusedWhereTheTemplateDoesNotKnowThem() throws IOException {
        Files.writeString(
                folder.resolve("chat_template.jinja"),
                "{% for m in messages %}<|im_start|>{{ m.role }}\n{{ m.content }}<|im_end|>\n{% endfor %}<|im_start|>assistant\n");
        ChatEngine engine = engine();
        assertThatThrownBy(() ->
                        engine.chat(withTools("x").toolParser(ToolParser.HERMES).build()))
                .isInstanceOf(InvalidRequestException.class)
                .hasMessageContaining("tools");
    }
}
