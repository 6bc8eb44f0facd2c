package io.sifter.cli;

import io.sifter.spi.event.Event;
import io.sifter.spi.event.Event.Milestone;
import io.sifter.spi.event.Event.Reached;
import java.util.function.Consumer;

/** Notes how far a build came, since the reference's words for a failure depend on it. Safe for any thread. */
final class Phase implements Consumer<Event> {
    private final Consumer<Event> next;
    private volatile boolean begun;
    private volatile boolean fetched;

    Phase(Consumer<Event> next) {
        this.next = next;
    }

    @Override
    public void accept(Event event) {
        if (event instanceof Reached(Milestone milestone, String _)) {
            switch (milestone) {
                case BUILD_STARTED -> begun = true;
                case CREATING_SIF, CREATING_SANDBOX -> fetched = true;
                case CONVERTING, SOURCE_OPENED, MANIFEST_WRITTEN, SIGNATURES_STORED, BUILD_COMPLETE, CACHED_AS_SIF -> { }
            }
        }
        next.accept(event);
    }

    /** Whether the build has begun at all. */
    boolean begun() {
        return begun;
    }

    /** What the reference calls the part that failed. */
    String words() {
        return fetched ? "packer failed to pack: " : "conveyor failed to get: ";
    }
}
