package io.sifter.image.layer;

import io.sifter.spi.event.Event;
import io.sifter.spi.tree.RawName;
import java.util.EnumMap;
import java.util.Map;
import java.util.function.Consumer;

/** What a merge notices and goes on with. Of each kind a few are told one by one, the rest as a number. */
final class Oddities {
    enum Kind {
        DUPLICATE("is in one layer more than once; the last entry counts"),
        LINK_REPLACED("is a directory in place of a symbolic link; what the link led to is not merged into it"),
        FILE_REPLACED("is not a directory below, but has to be one here; it is replaced"),
        TARGET_CREATED("did not exist, but a symbolic link leads there; it is created"),
        CLAMPED("lies behind a symbolic link that climbs above the root; it is taken from the root"),
        FOLDED("contains '..', which is resolved as text"),
        ODD_WHITEOUT("is a whiteout that is not an empty file; its content is ignored"),
        FORWARD_LINK("is a hard link to an entry that follows later"),
        XATTR_UNSUPPORTED("has an extended attribute that SquashFS cannot hold; it is dropped"),
        XATTR_MISPLACED("has an attribute in user.*, which only files and directories can have; it is dropped"),
        DEVICE("is a device outside of /dev"),
        NOTICE("");

        private final String text;

        Kind(String text) {
            this.text = text;
        }
    }

    private static final int TOLD = 3;

    private final Consumer<Event> events;
    private final Map<Kind, Integer> counts = new EnumMap<>(Kind.class);

    Oddities(Consumer<Event> events) {
        this.events = events;
    }

    void note(Kind kind, String layer, String rawPath) {
        if (counts.merge(kind, 1, Integer::sum) <= TOLD) {
            events.accept(Event.warning("%s: '%s' %s".formatted(layer, display(rawPath), kind.text)));
        }
    }

    /** A sentence about the layer itself. */
    void notice(String layer, String sentence) {
        if (counts.merge(Kind.NOTICE, 1, Integer::sum) <= TOLD) {
            events.accept(Event.warning("%s: %s".formatted(layer, sentence)));
        }
    }

    void summarize() {
        counts.forEach((kind, count) -> {
            if (count > TOLD) {
                events.accept(Event.warning(kind == Kind.NOTICE
                        ? "There were %d more remarks about layers".formatted(count - TOLD)
                        : "The same goes for %d more: each %s".formatted(count - TOLD, kind.text)));
            }
        });
    }

    /** A path for messages: safe to print, and not longer than anyone reads. */
    static String display(String rawPath) {
        int limit = 200;
        return rawPath.length() <= limit ? RawName.display(rawPath) : RawName.display(rawPath.substring(0, limit)) + "…";
    }
}
