package dev.longspan.http.chat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.ChatEngine;
import dev.longspan.ChatEvent;
import dev.longspan.ChatRequest;
import dev.longspan.ChatRequestBuilder;
import dev.longspan.ChatResponse;
import dev.longspan.ChatStream;
import dev.longspan.ContextLengthException;
import dev.longspan.ContextMemoryException;
import dev.longspan.FinishReason;
import dev.longspan.InvalidRequestException;
import dev.longspan.Timing;
import dev.longspan.http.server.EventStream;
import dev.longspan.http.server.EventStream.GoneException;
import dev.longspan.http.server.Exchange;
import dev.longspan.http.server.Ids;
import dev.longspan.http.server.Route;
import dev.longspan.http.server.Surroundings;
import dev.longspan.http.server.Work;
import dev.longspan.http.wire.ApiError;
import dev.longspan.http.wire.Fields;
import dev.longspan.http.wire.Json;
import java.util.Locale;
import java.util.Objects;
import java.util.OptionalInt;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/** {@code POST /v1/generate/{model}}: goes on with a text, without a template. */
public final class GenerateEndpoint implements Route.Endpoint {
    private final Surroundings surroundings;
    private final ContentLog content;

    /** Makes the endpoint. */
    public GenerateEndpoint(Surroundings surroundings) {
        this.surroundings = surroundings;
        this.content = new ContentLog(surroundings.settings());
    }

    @Override
    public void answer(Exchange exchange, Work.@Nullable Place place) {
        surroundings.slot().require(exchange.parameter(0));
        ChatEngine engine = surroundings.slot().engine();
        Fields body = exchange.fields();
        boolean streamed = body.bool("stream").orElse(false);
        ChatRequest request = request(exchange, body);
        content.prompt(exchange, body.requiredString("prompt"));
        try (Running running =
                new Running(stream(engine, request), surroundings, exchange, Objects.requireNonNull(place))) {
            if (streamed) {
                stream(exchange, running);
                return;
            }
            RawText text = new RawText();
            ChatResponse response = running.whole(running.readWatching(exchange, text::append));
            content.answer(exchange, text);
            ObjectNode answer =
                    Json.object().put("model", surroundings.slot().modelId()).put("text", text.toString());
            end(answer, response);
            answer.put("attempt_id", Ids.quickHex(32));
            answer.put("tpot_ms", perToken(response.timing()));
            exchange.send(200, answer);
        }
    }

    private static ChatStream stream(ChatEngine engine, ChatRequest request) {
        try {
            return engine.stream(request);
        } catch (ContextLengthException e) { // there are no messages here
            throw tooLong("prompt", e);
        } catch (ContextMemoryException e) {
            throw tooLong("max_new_tokens", e);
        }
    }

    private static ApiError tooLong(String field, InvalidRequestException fault) {
        String problem = String.valueOf(fault.getMessage()).substring((fault.field() + ": ").length());
        return ApiError.invalid("context_length_exceeded", field, problem);
    }

    private ChatRequest request(Exchange exchange, Fields body) {
        ChatRequestBuilder request = ChatRequest.builder().prompt(body.requiredString("prompt"));
        OptionalInt most = body.integer("max_new_tokens", 1, Integer.MAX_VALUE);
        if (most.isEmpty()) {
            throw body.missing("max_new_tokens", "an integer of at least 1");
        }
        int cap = surroundings.settings().limits().maxTokens();
        request.maxTokens(SamplingReader.maxTokens(most, "max_new_tokens", cap));
        SamplingReader.read(body, request, surroundings.settings().limits().temperature());
        SamplingReader.repetition(body, request);
        ResponseFormats.checkGrammar(body, surroundings.settings().limits().forms());
        exchange.end(body);
        return request.build();
    }

    /** The text as the model wrote it: what was split off as thinking gets its tags back. */
    private static final class RawText {
        private final StringBuilder all = new StringBuilder();
        private boolean thinking;

        /** Appends what an event holds; answers it. */
        String append(ChatEvent event) {
            String piece = "";
            if (event instanceof ChatEvent.ThinkingDelta delta) {
                piece = (thinking ? "" : "<think>") + delta.text();
                thinking = true;
            } else if (event instanceof ChatEvent.TextDelta delta) {
                piece = (thinking ? "</think>" : "") + delta.text();
                thinking = false;
            }
            all.append(piece);
            return piece;
        }

        @Override
        public String toString() {
            return all.toString();
        }
    }

    private static void end(ObjectNode node, ChatResponse response) {
        FinishReason reason = response.finishReason();
        node.put(
                "finish_reason",
                reason == FinishReason.REPETITION ? "stop" : reason.name().toLowerCase(Locale.ROOT));
        node.putObject("usage")
                .put("prompt_tokens", response.usage().promptTokens())
                .put("completion_tokens", response.usage().completionTokens())
                .put("total_tokens", response.usage().totalTokens());
        node.put("ttft_ms", response.timing().timeToFirstToken().toNanos() / 1e6);
    }

    private static double perToken(Timing timing) {
        return timing.tokensPerSecond() > 0 ? 1000 / timing.tokensPerSecond() : 0;
    }

    private void stream(Exchange exchange, Running running) {
        Pieces pieces = new Pieces(Ids.quickHex(32));
        EventStream events = running.events(exchange, pieces::failure);
        try {
            RawText text = new RawText();
            ChatEvent.Completed completed = running.read(event -> {
                String piece = text.append(event);
                if (!piece.isEmpty()) {
                    events.send(Json.write(pieces.node(piece, false)));
                }
            });
            ChatResponse response = running.whole(completed);
            content.answer(exchange, text);
            ObjectNode last = pieces.node("", true);
            end(last, response);
            events.letGo();
            events.send(Json.write(last));
            events.sendLast("[DONE]");
        } catch (GoneException e) {
            running.leave();
        } catch (RuntimeException | OutOfMemoryError | StackOverflowError e) {
            events.fail(exchange.told(e));
        } finally {
            events.end();
        }
    }

    /** Numbers the pieces of a stream. */
    private static final class Pieces {
        private final String id;
        private final AtomicInteger next = new AtomicInteger();

        Pieces(String id) {
            this.id = id;
        }

        ObjectNode node(String text, boolean done) {
            return Json.object()
                    .put("request_id", id)
                    .put("seq", next.getAndIncrement())
                    .put("text_delta", text)
                    .put("done", done);
        }

        String failure(ApiError error) {
            ObjectNode node = node("", true).put("finish_reason", "error");
            node.putObject("error").put("code", error.code()).put("message", error.getMessage());
            return Json.write(node);
        }
    }
}
