package dev.longspan.tck;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.function.IntUnaryOperator;

/**
 * The recurrent state of the digest model: the running hash and the automaton of scripts.
 *
 * <p>It is a pure function of the ids absorbed. What a script says is not held here: it is read back from the cache, by
 * position. As tensors it is bytes held as whole numbers, which every data type carries exactly.
 */
final class DigestRecurrence {
    /** Floats of {@code ssm}: 30 bytes are used. */
    static final int SSM_SIZE = 32;

    static final int CHANNELS = 16;
    static final int REMEMBERED = 3;

    private static final int OUTSIDE = 0;
    private static final int ROLE = 1;
    private static final int USER = 2;
    private static final int ASSISTANT = 3;
    private static final int OTHER = 4;
    private static final long START = 0x243F6A8885A308D3L;
    private static final long STEP = 0x9E3779B97F4A7C15L;

    private long hash = START;
    private int position;
    private int area = OUTSIDE;
    private boolean thinking;
    /** Where the role or the content of the message begins. */
    private int mark;
    /** Where the current command begins; −1 for none. */
    private int cursor = -1;
    /** Where the script's message ends. */
    private int end;
    /** How many tokens of the current command have been emitted. */
    private int step;

    /** The last ids (−1 before the first) and the hashes after them, oldest first. */
    private final int[] lastIds = new int[REMEMBERED];

    private final long[] lastHashes = new long[REMEMBERED];

    DigestRecurrence() {
        Arrays.fill(lastIds, -1);
    }

    DigestRecurrence copy() {
        DigestRecurrence copy = new DigestRecurrence();
        copy.hash = hash;
        copy.position = position;
        copy.area = area;
        copy.thinking = thinking;
        copy.mark = mark;
        copy.cursor = cursor;
        copy.end = end;
        copy.step = step;
        System.arraycopy(lastIds, 0, copy.lastIds, 0, REMEMBERED);
        System.arraycopy(lastHashes, 0, copy.lastHashes, 0, REMEMBERED);
        return copy;
    }

    long hash() {
        return hash;
    }

    int position() {
        return position;
    }

    /** Absorbs the next id; {@code earlier} answers the ids of all positions before it. */
    void absorb(int id, IntUnaryOperator earlier) {
        advance(id, earlier);
        hash = mix(hash ^ (STEP * (id + 1L)));
        position++;
        for (int i = 1; i < REMEMBERED; i++) {
            lastIds[i - 1] = lastIds[i];
            lastHashes[i - 1] = lastHashes[i];
        }
        lastIds[REMEMBERED - 1] = id;
        lastHashes[REMEMBERED - 1] = hash;
    }

    /** Whether a {@code !fail} has come up. */
    boolean failed(IntUnaryOperator ids) {
        return area == ASSISTANT && cursor >= 0 && command(ids).kind() == DigestCommand.Kind.FAIL;
    }

    /** The id that the logits after the last id favour. */
    int favoured(IntUnaryOperator ids) {
        if (area != ASSISTANT) {
            return plain();
        }
        if (lastIds[REMEMBERED - 1] == DigestModel.END_THINK) {
            return '\n';
        }
        if (cursor < 0) {
            return plain();
        }
        DigestCommand command = command(ids);
        if (thinking && command.isText()) {
            return DigestModel.END_THINK;
        }
        int scripted = command.token(step);
        return scripted == DigestCommand.DIGIT ? digit() : scripted;
    }

    private int plain() {
        if (Long.remainderUnsigned(hash, 31) == 0) {
            return DigestModel.IM_END;
        }
        if (thinking && Long.remainderUnsigned(hash, 7) == 0) {
            return DigestModel.END_THINK;
        }
        return digit();
    }

    private int digit() {
        return "0123456789abcdef".charAt((int) (hash & 15));
    }

    private void advance(int id, IntUnaryOperator ids) {
        if (id == DigestModel.IM_START) {
            leave();
            area = ROLE;
            mark = position + 1;
        } else if (id == DigestModel.IM_END || id == DigestModel.END_OF_TEXT) {
            if (area == USER) {
                end = position;
                script(mark, ids);
            }
            leave();
        } else if (area == ROLE && id == '\n') {
            area = role(ids);
            mark = position + 1;
        } else if (area == ASSISTANT) {
            speak(id, ids);
        }
    }

    /** Ends a message. A script that its assistant message did not finish is dropped. */
    private void leave() {
        if (area == ASSISTANT) {
            cursor = -1;
        }
        area = OUTSIDE;
        thinking = false;
    }

    private int role(IntUnaryOperator ids) {
        byte[] name = new byte[Math.min(16, position - mark)];
        for (int i = 0; i < name.length; i++) {
            int id = ids.applyAsInt(mark + i);
            name[i] = (byte) (id < 256 ? id : 0);
        }
        return switch (new String(name, StandardCharsets.ISO_8859_1)) {
            case "user" -> USER;
            case "assistant" -> ASSISTANT;
            default -> OTHER;
        };
    }

    private void speak(int id, IntUnaryOperator ids) {
        int last = lastIds[REMEMBERED - 1];
        boolean tag = id == DigestModel.THINK || id == DigestModel.END_THINK;
        boolean newlineOfTag = id == '\n' && (last == DigestModel.THINK || last == DigestModel.END_THINK);
        boolean wasThinking = thinking;
        thinking = tag ? id == DigestModel.THINK : thinking;
        if (cursor < 0) {
            return;
        }
        DigestCommand command = command(ids);
        switch (command.kind()) {
            case THINK -> {
                step++;
                if (id == DigestModel.END_THINK) {
                    step = command.size();
                }
            }
            case LOOP -> {
                if (id == DigestModel.END_THINK && step > 0) {
                    step = command.size();
                } else if (!tag && !newlineOfTag) {
                    step = step + 1 == command.size() ? 0 : step + 1;
                }
            }
            default -> step += tag || newlineOfTag || wasThinking ? 0 : 1;
        }
        if (step >= command.size()) {
            script(cursor + 1, ids);
        }
    }

    /** Goes to the first command at or behind a position. */
    private void script(int from, IntUnaryOperator ids) {
        cursor = -1;
        step = 0;
        for (int at = from; at < end && cursor < 0; at++) {
            // the role's newline stands before the content, so there always is an earlier id
            if (ids.applyAsInt(at - 1) == '\n' && DigestCommand.parse(at, end, ids) != null) {
                cursor = at;
            }
        }
    }

    private DigestCommand command(IntUnaryOperator ids) {
        DigestCommand command = DigestCommand.parse(cursor, end, ids);
        if (command == null) {
            throw new IllegalStateException("the cache holds no command at position " + cursor);
        }
        return command;
    }

    private static long mix(long z) {
        long a = (z ^ (z >>> 30)) * 0xBF58476D1CE4E5B9L;
        long b = (a ^ (a >>> 27)) * 0x94D049BB133111EBL;
        return b ^ (b >>> 31);
    }

    /** The tensor {@code ssm}. */
    float[] ssm() {
        float[] floats = new float[SSM_SIZE];
        DigestBytes bytes = new DigestBytes(floats, 0);
        bytes.put(hash, 8).put(position, 4).put(area, 1).put(thinking ? 1 : 0, 1);
        bytes.put(mark, 4).put(cursor, 4).put(end, 4).put(step, 4);
        return floats;
    }

    /** The tensor {@code conv} [channels, remembered ids]: what came in last, oldest first. */
    float[] conv() {
        float[] floats = new float[CHANNELS * REMEMBERED];
        float[] column = new float[CHANNELS];
        for (int j = 0; j < REMEMBERED; j++) {
            new DigestBytes(column, 0).put(lastIds[j] + 1, 2).put(lastHashes[j], 8);
            for (int c = 0; c < CHANNELS; c++) {
                floats[c * REMEMBERED + j] = column[c];
            }
        }
        return floats;
    }

    static DigestRecurrence of(float[] conv, float[] ssm) {
        DigestRecurrence read = new DigestRecurrence();
        DigestBytes bytes = new DigestBytes(ssm, 0);
        read.hash = bytes.take(8);
        read.position = (int) bytes.take(4);
        read.area = (int) bytes.take(1);
        read.thinking = bytes.take(1) != 0;
        read.mark = (int) bytes.take(4);
        read.cursor = (int) bytes.take(4);
        read.end = (int) bytes.take(4);
        read.step = (int) bytes.take(4);
        float[] column = new float[CHANNELS];
        for (int j = 0; j < REMEMBERED; j++) {
            for (int c = 0; c < CHANNELS; c++) {
                column[c] = conv[c * REMEMBERED + j];
            }
            DigestBytes rest = new DigestBytes(column, 0);
            read.lastIds[j] = (int) rest.take(2) - 1;
            read.lastHashes[j] = rest.take(8);
        }
        return read;
    }
}
