package dev.longspan.tvm.memory;

import dev.longspan.tvm.runtime.DeviceMemory;
import java.util.concurrent.atomic.AtomicInteger;

/** Keys and values of some consecutive tokens. Several sequences share a page; the last to release it frees it. */
final class Page {
    private final DeviceMemory memory;
    private final AtomicInteger holders = new AtomicInteger(1);

    private Page(DeviceMemory memory) {
        this.memory = memory;
    }

    static Page allocate(StateLayout layout, MemoryAccount account) {
        return new Page(account.allocate("a page of keys and values", layout.pageBytes()));
    }

    DeviceMemory memory() {
        return memory;
    }

    /** One more holds the page. The caller holds it, so that it cannot be freed meanwhile. */
    Page retained() {
        holders.incrementAndGet();
        return this;
    }

    void release(MemoryAccount account) {
        if (holders.decrementAndGet() == 0) {
            account.free(memory);
        }
    }

    boolean isShared() {
        return holders.get() > 1;
    }
}
