package dev.longspan.engine;

import dev.longspan.EngineClosedException;
import dev.longspan.StreamInterruptedException;
import dev.longspan.spi.BackendMemoryException;
import dev.longspan.spi.MemorySize;
import java.util.function.BooleanSupplier;

/** Memory that is set aside for states from disk, and told to be held for a moment. Any thread. */
public final class Reservations {
    private final Scheduler scheduler;
    private final Admission admission;
    private final MemoryBudget memory;

    Reservations(Scheduler scheduler, Admission admission, MemoryBudget memory) {
        this.scheduler = scheduler;
        this.admission = admission;
        this.memory = memory;
    }

    /**
     * Sets memory aside for a state that is to be read from disk, once there is room in its turn among the requests. Waits for
     * that as a request does.
     *
     * @param state how large it is
     * @param needed whether it is still to be read, asked again and again
     * @return what was set aside, to be closed when the state is there or is not to be read
     * @throws BackendMemoryException if there is no room and nothing that would make some in a while
     * @throws EngineClosedException if the engine is closed
     * @throws StreamInterruptedException if the thread is interrupted while it waits
     */
    public Reservation reserve(ParkedSize state, BooleanSupplier needed) {
        if (memory.isLimited() && !memory.couldFit(state)) {
            throw memory.noRoom(state);
        }
        Reservation reservation = new Reservation(memory.size(state), needed, this::giveBack);
        scheduler.withLock(() -> {
            admission.add(reservation);
            admission.grantUnneeded(); // it may have come back before this waited
            return reservation;
        });
        if (scheduler.isOnEngine()) {
            scheduler.decide();
        } else {
            await(reservation);
        }
        if (!isGranted(reservation)) {
            boolean closing = scheduler.withLock(admission::isClosing);
            throw closing ? new EngineClosedException() : memory.noRoom(state);
        }
        return reservation;
    }

    private void await(Reservation reservation) {
        try {
            reservation.awaitDecision();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            if (isGranted(reservation)) {
                reservation.close();
            }
            throw new StreamInterruptedException();
        }
    }

    /** What it came to, which is a refusal if nothing was decided. */
    private boolean isGranted(Reservation reservation) {
        return scheduler.withLock(
                () -> !admission.withdraw(reservation) && reservation.granted().join());
    }

    /** {@return what is set aside for a state, for which there is room or not} */
    Reservation take(ParkedSize state) {
        return granted(memory.size(state));
    }

    /** {@return that memory is held for a moment: who lacks some waits until this is closed} */
    public Reservation hold() {
        return granted(MemorySize.ZERO);
    }

    private Reservation granted(MemorySize size) {
        Reservation reservation = new Reservation(size, () -> true, this::giveBack);
        memory.grant(reservation);
        return reservation;
    }

    private void giveBack(Reservation reservation) {
        memory.giveBack(reservation);
        scheduler.wake();
    }

    /** Waits until nothing is set aside or held for a moment by any other thread. */
    public void awaitNone() {
        scheduler.await(() -> !memory.hasReservationsOfOthers());
    }
}
