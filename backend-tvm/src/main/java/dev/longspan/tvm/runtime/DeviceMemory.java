package dev.longspan.tvm.runtime;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * A block of a device's memory, aligned to {@value #ALIGNMENT} bytes and filled with zeros. Closed by its owner; not while a kernel
 * uses it. Reads and writes check their ranges.
 */
public final class DeviceMemory implements AutoCloseable {
    /** The alignment of every block, in bytes. */
    public static final int ALIGNMENT = 64;

    private static final int BYTES = 8 << 8 | 1 << 16; // DLDataType: code 0 (int), 8 bits, 1 lane
    private static final int TENSOR = 48;

    private final TvmDevice device;
    private final long bytes;
    private final AtomicLong address;

    /**
     * A part of a block.
     *
     * @param memory the block
     * @param offset where it begins, in bytes
     * @param bytes how many bytes it has
     */
    public record Part(DeviceMemory memory, long offset, long bytes) {}

    private DeviceMemory(TvmDevice device, long bytes, long address) {
        this.device = device;
        this.bytes = bytes;
        this.address = new AtomicLong(address);
    }

    static DeviceMemory allocate(TvmDevice device, long bytes) {
        if (bytes < 1) {
            throw new IllegalArgumentException("bytes: expected at least 1, found " + bytes);
        }
        long[] address = new long[1];
        Calls.check(TvmApi.TVMDeviceAllocDataSpace(device.packed(), bytes, ALIGNMENT, BYTES, address));
        if (address[0] == 0) {
            throw new TvmException("there is no memory for " + bytes + " bytes");
        }
        if (device.kind() == TvmDevice.Kind.CPU) {
            new Pointer(address[0]).clear(bytes);
        } else {
            CudaApi.check("clearing memory", CudaApi.cudaMemset(address[0], 0, bytes));
        }
        return new DeviceMemory(device, bytes, address[0]);
    }

    /** {@return how many bytes it has} */
    public long bytes() {
        return bytes;
    }

    /** {@return where it is} */
    public TvmDevice device() {
        return device;
    }

    /**
     * {@return the address of a part}
     *
     * @throws IllegalArgumentException if the part is not inside
     * @throws IllegalStateException if it is closed
     */
    long address(long offset, long length) {
        if (offset < 0 || length < 0 || offset > bytes - length) {
            throw new IllegalArgumentException(
                    "expected a part of " + bytes + " bytes, found " + length + " bytes at " + offset);
        }
        long start = address.get();
        if (start == 0) {
            throw new IllegalStateException("the memory is closed");
        }
        return start + offset;
    }

    /**
     * {@return how many numbers of four bytes its beginning is behind another block's, negative if it is before it}
     *
     * @param other a block on the same device
     */
    public long distance(DeviceMemory other) {
        return (address(0, 0) - other.address(0, 0)) / Float.BYTES;
    }

    /** Copies numbers to it, from a byte offset on. */
    public void write(long offset, float[] from, int first, int count) {
        fill(offset, (long) Float.BYTES * count, host -> host.write(0, from, first, count));
    }

    /** Copies whole numbers to it, from a byte offset on. */
    public void write(long offset, int[] from, int first, int count) {
        fill(offset, (long) Integer.BYTES * count, host -> host.write(0, from, first, count));
    }

    /** Copies long whole numbers to it, from a byte offset on. */
    public void write(long offset, long[] from, int first, int count) {
        fill(offset, (long) Long.BYTES * count, host -> host.write(0, from, first, count));
    }

    /** Copies two-byte numbers to it, from a byte offset on. */
    public void write(long offset, short[] from, int first, int count) {
        fill(offset, (long) Short.BYTES * count, host -> host.write(0, from, first, count));
    }

    /** Copies numbers out of it, from a byte offset on. */
    public void read(long offset, float[] to, int first, int count) {
        show(offset, (long) Float.BYTES * count, host -> host.read(0, to, first, count));
    }

    /** Copies whole numbers out of it, from a byte offset on. */
    public void read(long offset, int[] to, int first, int count) {
        show(offset, (long) Integer.BYTES * count, host -> host.read(0, to, first, count));
    }

    /** Has a part written: in its place where the device is the processor, else by a copy. */
    private void fill(long offset, long length, Consumer<Pointer> writing) {
        long target = address(offset, length);
        if (device.kind() == TvmDevice.Kind.CPU) {
            writing.accept(new Pointer(target));
        } else if (length > 0) {
            try (Memory host = new Memory(length)) {
                writing.accept(host);
                copy(Pointer.nativeValue(host), TvmDevice.CPU, target, device, length);
                Calls.check(TvmApi.TVMSynchronize(device.kind().number(), device.index(), 0));
            }
        }
    }

    /** Copies what lies at an address of the host, which may be changed when this returns. */
    void fill(long offset, long length, long host) {
        copy(host, TvmDevice.CPU, address(offset, length), device, length);
    }

    /** Has a part read, likewise. */
    private void show(long offset, long length, Consumer<Pointer> reading) {
        long source = address(offset, length);
        if (device.kind() == TvmDevice.Kind.CPU) {
            reading.accept(new Pointer(source));
        } else if (length > 0) {
            try (Memory host = new Memory(length)) {
                copy(source, device, Pointer.nativeValue(host), TvmDevice.CPU, length);
                Calls.check(TvmApi.TVMSynchronize(device.kind().number(), device.index(), 0));
                reading.accept(host);
            }
        }
    }

    /** Copies a part of one block to another, on whichever devices; the caller synchronises. */
    public static void copy(DeviceMemory from, long fromOffset, DeviceMemory to, long toOffset, long length) {
        copy(from.address(fromOffset, length), from.device, to.address(toOffset, length), to.device, length);
    }

    private static void copy(long from, TvmDevice fromDevice, long to, TvmDevice toDevice, long length) {
        try (Memory tensors = new Memory(2L * TENSOR + Long.BYTES)) {
            tensors.setLong(2 * TENSOR, length); // the shape of both
            tensor(tensors, 0, from, fromDevice);
            tensor(tensors, TENSOR, to, toDevice);
            long start = Pointer.nativeValue(tensors);
            Calls.check(TvmApi.TVMDeviceCopyDataFromTo(start, start + TENSOR, 0));
        }
    }

    /** Fills in a {@code DLTensor} of bytes. */
    private static void tensor(Memory tensors, long at, long data, TvmDevice device) {
        tensors.setLong(at, data);
        tensors.setInt(at + 8, device.kind().number());
        tensors.setInt(at + 12, device.index());
        tensors.setInt(at + 16, 1);
        tensors.setInt(at + 20, BYTES);
        tensors.setLong(at + 24, Pointer.nativeValue(tensors) + 2 * TENSOR);
        tensors.setLong(at + 32, 0);
        tensors.setLong(at + 40, 0);
    }

    /** Gives it back. */
    @Override
    public void close() {
        long start = address.getAndSet(0);
        if (start != 0) {
            Calls.check(TvmApi.TVMDeviceFreeDataSpace(device.packed(), start));
        }
    }
}
