package dev.longspan.spi;

/**
 * An amount of memory, by where it lies.
 *
 * @param deviceBytes bytes in the device's own memory; 0 where the device is the CPU
 * @param hostBytes bytes in the memory of the machine, inside the Java heap or outside
 */
public record MemorySize(long deviceBytes, long hostBytes) {
    /** Nothing. */
    public static final MemorySize ZERO = new MemorySize(0, 0);

    /** Checks the components. */
    public MemorySize {
        if (deviceBytes < 0 || hostBytes < 0) {
            throw new IllegalArgumentException(
                    "expected no negative bytes, found device " + deviceBytes + ", host " + hostBytes);
        }
    }

    /**
     * {@return the sum of this and another amount}
     *
     * @param other the amount to add
     */
    public MemorySize plus(MemorySize other) {
        return new MemorySize(Math.addExact(deviceBytes, other.deviceBytes), Math.addExact(hostBytes, other.hostBytes));
    }

    /**
     * {@return this amount several times}
     *
     * @param count how many times, at least 0
     */
    public MemorySize times(long count) {
        return new MemorySize(Math.multiplyExact(deviceBytes, count), Math.multiplyExact(hostBytes, count));
    }

    /** {@return device and host bytes together} */
    public long totalBytes() {
        return Math.addExact(deviceBytes, hostBytes);
    }
}
