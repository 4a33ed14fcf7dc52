package dev.longspan.http.chat;

import dev.longspan.ChatRequest;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * What a body asks for.
 *
 * @param request what the engine is asked
 * @param streamed whether the answer is a stream of events
 * @param usage whether the stream ends with the usage
 * @param progress whether the stream tells how far the prompt is read
 * @param session the session; empty for none
 * @param expectedSequence the sequence that the session must have
 */
record ChatCall(
        ChatRequest request,
        boolean streamed,
        boolean usage,
        boolean progress,
        Optional<String> session,
        OptionalLong expectedSequence) {}
