package dev.longspan.session;

import dev.longspan.ChatMessage;
import dev.longspan.InvalidRequestException;
import dev.longspan.SystemMessageConflictException;
import java.util.ArrayList;
import java.util.List;

/** A history with new messages behind it. */
final class Joined {
    private Joined() {}

    /**
     * {@return the whole conversation} At most one system message, the first. The same again is left out; another one takes its
     * place as long as nothing is cached.
     *
     * @param now the session
     * @param more the new messages
     * @throws InvalidRequestException if a system message cannot be taken
     */
    static List<ChatMessage> history(Committed now, List<ChatMessage> more) {
        List<ChatMessage> all = new ArrayList<>(now.messages());
        for (int i = 0; i < more.size(); i++) {
            ChatMessage message = more.get(i);
            if (message instanceof ChatMessage.SystemMessage system) {
                take(now, all, system, i);
            } else {
                all.add(message);
            }
        }
        return all;
    }

    private static void take(Committed now, List<ChatMessage> all, ChatMessage.SystemMessage system, int index) {
        ChatMessage first = all.isEmpty() ? null : all.get(0);
        if (first == null) {
            all.add(system);
        } else if (!system.equals(first)) {
            if (now.ids().length > 0 || index > 0) {
                throw new SystemMessageConflictException("messages[" + index + "]");
            }
            if (first instanceof ChatMessage.SystemMessage) {
                all.set(0, system);
            } else {
                all.add(0, system);
            }
        }
    }
}
