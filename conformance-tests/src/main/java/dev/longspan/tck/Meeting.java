package dev.longspan.tck;

import dev.longspan.spi.StateSource;
import dev.longspan.spi.TensorInfo;
import dev.longspan.spi.WeightSource;
import java.nio.ByteBuffer;
import java.util.Set;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/** Lets two threads that load or transfer meet whenever each has something in its hands, until one does not come in time. */
final class Meeting {
    /** How long one thread waits for another, which may have to wait until it is done. */
    private static final long MOMENT_MILLIS = 50;

    private final CyclicBarrier both = new CyclicBarrier(2);

    private void meet() {
        try {
            both.await(MOMENT_MILLIS, TimeUnit.MILLISECONDS);
        } catch (BrokenBarrierException | TimeoutException e) {
            // whether the other came does not matter: a lock may keep it waiting, or it is done
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    StateSource source(MemoryCheckpoint whole) {
        return new StateSource() {
            @Override
            public int length() {
                return whole.length();
            }

            @Override
            public TensorInfo info(String name) {
                return whole.info(name);
            }

            @Override
            public void read(String name, long offset, ByteBuffer target) {
                whole.read(name, offset, target);
                meet();
            }
        };
    }

    MemoryCheckpoint.Sink sink() {
        return new MemoryCheckpoint.Sink() {
            @Override
            public void write(ByteBuffer bytes) {
                meet();
                super.write(bytes);
            }
        };
    }

    WeightSource weights(WeightSource whole) {
        return new WeightSource() {
            @Override
            public Set<String> names() {
                return whole.names();
            }

            @Override
            public TensorInfo info(String name) {
                return whole.info(name);
            }

            @Override
            public void read(String name, long offset, ByteBuffer target) {
                whole.read(name, offset, target);
                meet();
            }

            @Override
            public ByteBuffer map(String name, long offset, long length) {
                ByteBuffer mapped = whole.map(name, offset, length);
                meet();
                return mapped;
            }
        };
    }
}
