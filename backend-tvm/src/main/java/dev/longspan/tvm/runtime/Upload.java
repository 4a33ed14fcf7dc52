package dev.longspan.tvm.runtime;

import com.sun.jna.Memory;
import com.sun.jna.Pointer;
import org.jspecify.annotations.Nullable;

/**
 * Arrays of the host on their way to a device: many of them, one copy. Where an array lies follows from the lengths of those before it.
 * One thread at a time.
 */
public final class Upload {
    private final DeviceMemory memory;
    private final @Nullable Memory host;
    private long end;

    /**
     * Makes an empty one.
     *
     * @param memory where the arrays go; the caller's to close
     */
    public Upload(DeviceMemory memory) {
        this.memory = memory;
        host = memory.device().kind() == TvmDevice.Kind.CPU ? null : new Memory(memory.bytes());
    }

    /** {@return the bytes that some numbers take, each of so many bytes, whatever lies before them} */
    public static long bytes(long count, int each) {
        return (count * each + DeviceMemory.ALIGNMENT - 1) / DeviceMemory.ALIGNMENT * DeviceMemory.ALIGNMENT;
    }

    /** Forgets all arrays. What was sent before must have been used. */
    public void clear() {
        end = 0;
    }

    /** Adds the first numbers of an array. {@return where they will be} */
    public DeviceMemory.Part add(int[] from, int count) {
        DeviceMemory.Part part = part(count, Integer.BYTES);
        if (host == null) {
            memory.write(part.offset(), from, 0, count);
        } else {
            host.write(part.offset(), from, 0, count);
        }
        return part;
    }

    /** Adds the first numbers of an array. {@return where they will be} */
    public DeviceMemory.Part add(long[] from, int count) {
        DeviceMemory.Part part = part(count, Long.BYTES);
        if (host == null) {
            memory.write(part.offset(), from, 0, count);
        } else {
            host.write(part.offset(), from, 0, count);
        }
        return part;
    }

    private DeviceMemory.Part part(int count, int each) {
        DeviceMemory.Part part = new DeviceMemory.Part(memory, end, (long) count * each);
        memory.address(part.offset(), part.bytes()); // is there room
        end += bytes(count, each);
        return part;
    }

    /** Sends them, before all that is called after this. */
    public void send() {
        if (host != null && end > 0) {
            memory.fill(0, Math.min(end, memory.bytes()), Pointer.nativeValue(host));
        }
    }
}
