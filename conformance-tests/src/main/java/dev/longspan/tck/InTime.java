package dev.longspan.tck;

import java.time.Duration;
import java.util.Arrays;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Calls what may hang, on a thread of its own, which is left behind if it does not end in time. */
final class InTime {
    private InTime() {}

    /**
     * What a call answers.
     *
     * @param name of the thread
     * @throws ExecutionException with what it throws, or, if it does not end in time, an error that tells the place at which it is
     * @throws InterruptedException if this thread is interrupted, which then goes on to the other
     */
    static <T> T call(String name, Duration limit, Callable<T> work) throws ExecutionException, InterruptedException {
        FutureTask<T> task = new FutureTask<>(work);
        Thread thread = new Thread(task, name);
        thread.setDaemon(true);
        thread.start();
        try {
            return task.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            StackTraceElement[] place = thread.getStackTrace();
            thread.interrupt();
            AssertionError late = new AssertionError(
                    "did not end within " + limit.toSeconds() + " s; it is at " + Arrays.toString(place));
            late.setStackTrace(place);
            throw new ExecutionException(late);
        } catch (InterruptedException e) {
            thread.interrupt();
            throw e;
        }
    }
}
