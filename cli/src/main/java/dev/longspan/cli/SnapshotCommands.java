package dev.longspan.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.longspan.SessionInfo;
import dev.longspan.SnapshotInfo;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** The commands about conversations on disk, and what happens with them at the beginning and at the end. */
final class SnapshotCommands {
    private static final DateTimeFormatter DATE =
            DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm", Locale.ROOT).withZone(ZoneId.systemDefault());
    private static final int TITLE_LENGTH = 60;

    private final Conversation conversation;
    private final SavedConversations saved;
    private final AnswerView view;

    SnapshotCommands(Conversation conversation, SavedConversations saved, AnswerView view) {
        this.conversation = conversation;
        this.saved = saved;
        this.view = view;
    }

    List<SlashCommand> list() {
        return List.of(
                SlashCommand.goingOn("save", "[TITLE] saves the conversation", this::save),
                SlashCommand.goingOn("ls", "lists what is saved, the newest first", argument -> ls()),
                SlashCommand.goingOn("load", "ID goes on with a saved one, or with one left by /fork", this::load),
                SlashCommand.goingOn("rm", "ID deletes a saved one, or closes one left by /fork", this::remove));
    }

    /** Goes on with the last conversation, or says why not. */
    void resume() {
        Optional<SnapshotInfo> last = saved.resume();
        if (last.isPresent()) {
            reportLoaded(last.get().id(), title(last.get()));
        } else {
            view.report(Report.of(
                    Report.object("not_resumed"), "there is no last conversation to resume; this is a new one"));
        }
    }

    /** Saves the conversation as the last one, if there is any. */
    void saveAsLast() {
        if (conversation.info().tokens() > 0) {
            SnapshotInfo snapshot = saved.saveAsLast();
            view.report(Report.of(
                    describe(Report.object("saved"), snapshot).put("automatic", true),
                    "saved as " + snapshot.id() + "; --resume goes on with it"));
        }
    }

    private void save(String title) {
        SnapshotInfo snapshot = saved.save(title);
        view.report(Report.of(
                describe(Report.object("saved"), snapshot).put("automatic", false),
                "saved as " + snapshot.id() + ": " + title(snapshot) + ", " + ByteCount.of(snapshot.bytes())));
    }

    private void ls() {
        ObjectNode object = Report.object("snapshots");
        ArrayNode snapshots = object.putArray("snapshots");
        List<String> lines = new ArrayList<>();
        List<SnapshotInfo> all = saved.list();
        int width = all.stream().mapToInt(each -> each.id().length()).max().orElse(0);
        for (SnapshotInfo each : all) {
            describe(snapshots.addObject(), each);
            lines.add(each.id() + " ".repeat(width - each.id().length()) + "  " + line(each));
        }
        ArrayNode open = object.putArray("left_behind");
        for (SessionInfo each : conversation.leftBehind()) {
            open.addObject()
                    .put("id", each.id())
                    .put("messages", each.messages())
                    .put("tokens", each.tokens());
            lines.add(each.id() + "  left by /fork, not saved, " + each.messages() + " messages");
        }
        if (lines.isEmpty()) {
            lines.add("nothing is saved");
        }
        view.report(new Report(object, lines));
    }

    private static String line(SnapshotInfo snapshot) {
        List<String> parts = new ArrayList<>();
        parts.add(title(snapshot));
        if (snapshot.isBroken()) {
            parts.add("broken: " + snapshot.problem().orElse(""));
        } else {
            parts.add(ByteCount.of(snapshot.bytes()));
        }
        parts.add(DATE.format(snapshot.created()));
        return String.join("  ", parts);
    }

    private static String title(SnapshotInfo snapshot) {
        String title = snapshot.label().title();
        return title == null || title.isBlank() ? "(no title)" : Excerpt.of(title, TITLE_LENGTH);
    }

    private static ObjectNode describe(ObjectNode object, SnapshotInfo snapshot) {
        object.put("id", snapshot.id())
                .put("title", snapshot.label().title())
                .put("bytes", snapshot.bytes())
                .put("created", snapshot.created().toString())
                .put("tokens", snapshot.tokens())
                .put("problem", snapshot.problem().orElse(null));
        ArrayNode tags = object.putArray("tags");
        snapshot.label().tags().forEach(tags::add);
        return object;
    }

    private void load(String argument) {
        String id = resolve("load", argument);
        if (isLeftBehind(id)) {
            conversation.goBackTo(id);
            reportLoaded(id, "left by /fork");
        } else {
            SnapshotInfo snapshot = saved.info(id);
            conversation.load(id);
            reportLoaded(id, title(snapshot));
        }
    }

    private void reportLoaded(String id, String title) {
        SessionInfo info = conversation.info();
        ObjectNode object = Report.object("loaded")
                .put("id", id)
                .put("title", title)
                .put("messages", info.messages())
                .put("tokens", info.tokens())
                .put("system", conversation.systemMessage().orElse(null));
        List<String> lines = new ArrayList<>();
        lines.add("goes on with " + id + ": " + title + ", " + info.messages() + " messages");
        if (conversation.beganOtherwise()) {
            lines.add("it goes on as it began; --system counts again after /clear");
        }
        view.report(new Report(object, lines));
    }

    private void remove(String argument) {
        String id = resolve("rm", argument);
        if (isLeftBehind(id)) {
            conversation.forget(id);
        } else {
            saved.delete(id);
        }
        view.report(Report.of(Report.object("removed").put("id", id), "removed " + id));
    }

    private boolean isLeftBehind(String id) {
        return conversation.leftBehind().stream().anyMatch(each -> each.id().equals(id));
    }

    private String resolve(String command, String argument) {
        if (argument.isBlank()) {
            throw new CommandException("expected an id behind /" + command + ", or its beginning; /ls lists them");
        }
        List<String> ids = Stream.concat(
                        saved.list().stream().map(SnapshotInfo::id),
                        conversation.leftBehind().stream().map(SessionInfo::id))
                .toList();
        return Abbreviation.resolve(argument.strip(), ids);
    }
}
