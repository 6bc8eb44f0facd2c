package io.sifter.sink.sandbox;

import io.sifter.spi.event.Event;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/** What could not be kept, counted; told once when all is done. Safe for any thread. */
final class Losses {
    final AtomicLong devices = new AtomicLong();
    final AtomicLong xattrs = new AtomicLong();
    final AtomicLong owners = new AtomicLong();
    final AtomicLong lockedDirectories = new AtomicLong();

    void tell(Path target, Consumer<Event> events) {
        tell(devices, "%d devices in %s are empty files: only root may make devices", target, events);
        tell(xattrs, "%d extended attributes are left out of %s: the caller may not set them, or its file system has no room for them", target, events);
        tell(owners, "%d files in %s belong to the caller: their owners do not exist here", target, events);
        if (lockedDirectories.get() > 0) {
            events.accept(Event.warning("The sandbox contain files/dirs that cannot be removed with 'rm'."));
            events.accept(Event.warning("Use 'chmod -R u+rwX' to set permissions that allow removal."));
            events.accept(Event.warning("Use the '--fix-perms' option to 'singularity build' to modify permissions at build time."));
        }
    }

    private static void tell(AtomicLong count, String sentence, Path target, Consumer<Event> events) {
        if (count.get() > 0) {
            events.accept(Event.warning(sentence.formatted(count.get(), target)));
        }
    }
}
