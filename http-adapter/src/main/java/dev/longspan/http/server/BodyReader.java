package dev.longspan.http.server;

import dev.longspan.http.wire.ApiError;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.BiConsumer;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Request;
import org.jspecify.annotations.Nullable;

/** Reads a body as it comes, without holding a thread. What comes behind a fault in it is thrown away. */
final class BodyReader {
    /** So much of a body is taken whatever else there is. */
    static final int SMALL = 64 << 10;

    private final BodyRoom.Share room;
    private final Request request;
    private final int most;
    private final Work work;
    private final Leftover leftover;
    private final BiConsumer<byte[], Runnable> whole;
    private final BiConsumer<Throwable, Leftover> fault;
    private final ScheduledFuture<?> deadline;
    private final ReentrantLock lock = new ReentrantLock();
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private boolean ended;

    private BodyReader(
            Request request,
            int most,
            Surroundings surroundings,
            BodyRoom.Share room,
            BiConsumer<byte[], Runnable> whole,
            BiConsumer<Throwable, Leftover> fault) {
        this.room = room;
        this.request = request;
        this.most = most;
        this.work = surroundings.work();
        this.leftover = new Leftover(request, surroundings);
        this.whole = whole;
        this.fault = fault;
        long patience = surroundings.settings().times().body().toMillis();
        this.deadline = surroundings.timer().schedule(this::late, patience, TimeUnit.MILLISECONDS);
    }

    /**
     * Reads a body.
     *
     * @param most the most bytes it may have
     * @param surroundings tell how long it may take
     * @param room what all bodies may have together; what this one takes is given back once its request is answered
     * @param whole is given it, on any thread, and what gives its memory back early
     * @param fault is told instead what went wrong, and given what throws the rest away
     */
    static void read(
            Request request,
            int most,
            Surroundings surroundings,
            BodyRoom room,
            BiConsumer<byte[], Runnable> whole,
            BiConsumer<Throwable, Leftover> fault) {
        BodyRoom.Share share = room.share();
        Request.addCompletionListener(request, failure -> share.giveBack());
        new BodyReader(request, most, surroundings, share, whole, fault).more();
    }

    private void more() {
        while (true) {
            Content.Chunk chunk = request.read();
            if (chunk == null) {
                request.demand(this::more);
                return;
            }
            if (Content.Chunk.isFailure(chunk)) {
                end(work.isDraining() ? ApiError.shuttingDown() : cut());
                leftover.finish();
                return;
            }
            ApiError refused = take(chunk);
            boolean last = chunk.isLast();
            chunk.release();
            if (refused != null) {
                end(refused);
            } else if (last) {
                end(null);
            }
            if (last) {
                leftover.finish();
                return;
            } else if (isEnded()) {
                leftover.read();
                return;
            }
        }
    }

    static ApiError tooLarge(int most) {
        return new ApiError(
                413,
                ApiError.Type.INVALID_REQUEST,
                "body_too_large",
                null,
                "expected a body of at most " + most + " bytes, found a larger one");
    }

    private static ApiError cut() {
        return new ApiError(
                400,
                ApiError.Type.INVALID_REQUEST,
                "incomplete_body",
                null,
                "the body ended before its end, or is malformed");
    }

    /** Takes a piece; answers why not. */
    private @Nullable ApiError take(Content.Chunk chunk) {
        lock.lock();
        try {
            int count = chunk.getByteBuffer().remaining();
            if (ended) {
                return null;
            } else if (count > most - bytes.size()) {
                return tooLarge(most);
            } else if (bytes.size() + count > SMALL && !room.take(count)) {
                return tooMany();
            }
            byte[] piece = new byte[count];
            chunk.getByteBuffer().get(piece);
            bytes.writeBytes(piece);
            return null;
        } catch (OutOfMemoryError e) {
            return tooMany();
        } finally {
            lock.unlock();
        }
    }

    private static ApiError tooMany() {
        return ApiError.overloaded(
                "there is no memory for this body beside others at this moment", Duration.ofSeconds(1));
    }

    private void late() {
        end(new ApiError(408, ApiError.Type.TIMEOUT, "body_timeout", null, "the body did not arrive in time"));
    }

    private boolean isEnded() {
        lock.lock();
        try {
            return ended;
        } finally {
            lock.unlock();
        }
    }

    private void end(@Nullable Throwable failure) {
        lock.lock();
        try {
            if (ended) {
                return;
            }
            ended = true;
        } finally {
            lock.unlock();
        }
        deadline.cancel(false);
        if (failure == null) {
            whole.accept(bytes.toByteArray(), room::giveBack);
        } else {
            fault.accept(failure, leftover);
        }
    }
}
