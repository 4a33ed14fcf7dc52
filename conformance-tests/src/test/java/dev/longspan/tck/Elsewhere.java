package dev.longspan.tck;

import dev.longspan.spi.LoadProgress;
import dev.longspan.spi.StateSink;
import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import java.nio.ByteBuffer;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.function.Supplier;

/** Calls what a backend is given, for some flaws on another thread each time. */
final class Elsewhere {
    private Elsewhere() {}

    private static <T> T call(Supplier<T> work) {
        try {
            return CompletableFuture.supplyAsync(work, task -> {
                        Thread thread = new Thread(task, "oracle-call");
                        thread.setDaemon(true);
                        thread.start();
                    })
                    .join();
        } catch (CompletionException e) {
            if (e.getCause() instanceof Error error) {
                throw error;
            }
            throw (RuntimeException) e.getCause();
        }
    }

    static LoadProgress progress(Flaw flaw, LoadProgress progress) {
        return flaw != Flaw.PROGRESS_IS_TOLD_ELSEWHERE
                ? progress
                : (done, total) -> call(() -> {
                    progress.loaded(done, total);
                    return true;
                });
    }

    static StateSource source(Flaw flaw, StateSource source) {
        if (flaw != Flaw.SOURCES_ARE_READ_ON_MANY_THREADS) {
            return source;
        }
        return new StateSource() {
            @Override
            public int length() {
                return source.length();
            }

            @Override
            public TensorInfo info(String name) {
                return source.info(name);
            }

            @Override
            public void read(String name, long offset, ByteBuffer target) {
                call(() -> {
                    source.read(name, offset, target);
                    return true;
                });
            }
        };
    }

    static StateSink sink(Flaw flaw, StateSink sink) {
        if (flaw != Flaw.SINKS_ARE_WRITTEN_ON_MANY_THREADS) {
            return sink;
        }
        return new StateSink() {
            @Override
            public boolean begin(TensorInfo tensor) {
                return sink.begin(tensor);
            }

            @Override
            public void write(ByteBuffer bytes) {
                call(() -> {
                    sink.write(bytes);
                    return true;
                });
            }
        };
    }
}
