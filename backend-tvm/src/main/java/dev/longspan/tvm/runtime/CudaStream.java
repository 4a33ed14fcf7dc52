package dev.longspan.tvm.runtime;

import java.util.concurrent.locks.ReentrantLock;

/**
 * A GPU's queue of kernels. They run in the order of their calls, while the caller goes on; what is copied to or from the GPU waits for
 * all that was called before.
 */
public final class CudaStream implements KernelRunner {
    private final TvmDevice device;
    private final ReentrantLock lock = new ReentrantLock();
    private final long stream;
    /** Of its own, since a stream that is captured may not be waited for, which copies of other threads would do. */
    private final long capturing;
    /** For what is captured beside it. */
    private final long side;

    private final long fork;
    private final long join;
    private boolean captures;
    private volatile boolean closed;

    private CudaStream(TvmDevice device) {
        this.device = device;
        CudaApi.check("choosing a GPU", CudaApi.cudaSetDevice(device.index()));
        long[] made = new long[1];
        CudaApi.check("making a stream", CudaApi.cudaStreamCreate(made));
        stream = made[0];
        CudaApi.check("making a stream", CudaApi.cudaStreamCreateWithFlags(made, CudaApi.NON_BLOCKING));
        capturing = made[0];
        CudaApi.check("making a stream", CudaApi.cudaStreamCreateWithFlags(made, CudaApi.NON_BLOCKING));
        side = made[0];
        CudaApi.check("making an event", CudaApi.cudaEventCreateWithFlags(made, CudaApi.NO_TIMING));
        fork = made[0];
        CudaApi.check("making an event", CudaApi.cudaEventCreateWithFlags(made, CudaApi.NO_TIMING));
        join = made[0];
    }

    static CudaStream open(TvmDevice device) {
        return new CudaStream(device);
    }

    @Override
    public ReentrantLock lock() {
        return lock;
    }

    @Override
    public void begin() {
        requireRunnable();
        CudaApi.check("choosing a GPU", CudaApi.cudaSetDevice(device.index()));
        use(stream);
    }

    private void use(long queue) {
        Calls.check(TvmApi.TVMSetStream(device.kind().number(), device.index(), queue));
    }

    @Override
    public void finish() {
        CudaApi.check("computing on " + device.kind() + " " + device.index(), CudaApi.cudaStreamSynchronize(stream));
    }

    /** What is captured may run beside each other; what is called at once runs in order. */
    @Override
    public void beside(Runnable one, Runnable other) {
        if (!captures) {
            one.run();
            other.run();
            return;
        }
        CudaApi.check("forking a graph", CudaApi.cudaEventRecord(fork, capturing));
        CudaApi.check("forking a graph", CudaApi.cudaStreamWaitEvent(side, fork, 0));
        use(side);
        try {
            one.run();
        } finally {
            use(capturing);
        }
        other.run();
        CudaApi.check("joining a graph", CudaApi.cudaEventRecord(join, side));
        CudaApi.check("joining a graph", CudaApi.cudaStreamWaitEvent(capturing, join, 0));
    }

    /** Refuses kernels of who does not hold the lock, and of all once this is closed. */
    void requireRunnable() {
        if (!lock.isHeldByCurrentThread()) {
            throw new IllegalStateException("kernels are run by who holds the stream's lock");
        } else if (closed) {
            throw new IllegalStateException("the backend is closed");
        }
    }

    /** Kernels with their arguments, which can be run again and again as one. */
    public final class Graph implements AutoCloseable {
        private long executable;

        private Graph(long executable) {
            this.executable = executable;
        }

        /** Has them run. By who holds the lock. */
        public void run() {
            requireRunnable();
            if (executable == 0) {
                throw new IllegalStateException("the graph is closed");
            }
            CudaApi.check("running a graph", CudaApi.cudaGraphLaunch(executable, stream));
        }

        @Override
        public void close() {
            long given = executable;
            executable = 0;
            if (given != 0) {
                CudaApi.check("giving a graph back", CudaApi.cudaGraphExecDestroy(given));
            }
        }
    }

    /**
     * {@return the kernels that some work calls, none of which runs now} Each of them must have been run before: the first call of a
     * kernel brings it to the GPU. The work must neither copy nor allocate. By who holds the lock.
     */
    public Graph capture(Runnable work) {
        requireRunnable();
        long[] graph = new long[1];
        long[] executable = new long[1];
        use(capturing);
        try {
            CudaApi.check("beginning a graph", CudaApi.cudaStreamBeginCapture(capturing, CudaApi.RELAXED));
            boolean done = false;
            captures = true;
            try {
                work.run();
                done = true;
            } finally {
                captures = false;
                int answer = CudaApi.cudaStreamEndCapture(capturing, graph);
                if (done) {
                    CudaApi.check("ending a graph", answer);
                } else if (graph[0] != 0) {
                    CudaApi.cudaGraphDestroy(graph[0]);
                }
            }
        } finally {
            use(stream);
        }
        int answer = CudaApi.cudaGraphInstantiate(executable, graph[0], 0);
        CudaApi.cudaGraphDestroy(graph[0]);
        CudaApi.check("making a graph ready", answer);
        return new Graph(executable[0]);
    }

    @Override
    public void close() {
        if (!closed) {
            closed = true;
            CudaApi.check("giving a stream back", CudaApi.cudaStreamDestroy(stream));
            CudaApi.check("giving a stream back", CudaApi.cudaStreamDestroy(capturing));
            CudaApi.check("giving a stream back", CudaApi.cudaStreamDestroy(side));
            CudaApi.check("giving an event back", CudaApi.cudaEventDestroy(fork));
            CudaApi.check("giving an event back", CudaApi.cudaEventDestroy(join));
        }
    }
}
