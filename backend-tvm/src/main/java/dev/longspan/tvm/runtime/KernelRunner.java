package dev.longspan.tvm.runtime;

import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;

/** Where kernels run: threads of a processor, or the stream of a GPU. One caller at a time. */
public sealed interface KernelRunner extends AutoCloseable permits KernelTeam, CudaStream {
    /** {@return what is held while kernels are run} */
    ReentrantLock lock();

    /** Makes ready for kernels that this thread is going to call. By who holds the lock. */
    void begin();

    /** Waits until all kernels that were called have run. By who holds the lock. */
    void finish();

    /** Has two works done that do not need each other; beside each other, if that is faster. By who holds the lock. */
    default void beside(Runnable one, Runnable other) {
        one.run();
        other.run();
    }

    /** {@return what comes of work that calls kernels} Others wait meanwhile. */
    default <T> T run(Supplier<T> work) {
        lock().lock();
        try {
            begin();
            return work.get();
        } finally {
            lock().unlock();
        }
    }

    /** Ends it. By who holds the lock, or when no kernel runs. */
    @Override
    void close();
}
