package io.sifter.spi.event;

import java.util.Objects;
import java.util.OptionalLong;

/**
 * A piece of work that takes time. Identity, not value, tells tasks apart: two tasks with equal components are two.
 */
public final class Task {
    /** What kind of work it is. */
    public enum Kind {
        /** A layer's blob arrives. Subject: its digest. */
        LAYER,
        /** A layer that needs no work: its blob or its pack is there already. Subject: its digest. */
        REPEATED_LAYER,
        /** The image's configuration arrives. Subject: its digest. */
        CONFIG,
        /** A file arrives or leaves whole. Subject: its name. */
        FILE,
        /** Waiting for someone else who does this work. Subject: what for. */
        WAIT
    }

    private final Kind kind;
    private final String subject;
    private final OptionalLong total;
    private final int position;

    /**
     * @param total bytes of the whole task, where known
     * @param position the task's place among its kind (layers: manifest order, lowest first); displays follow it
     */
    public Task(Kind kind, String subject, OptionalLong total, int position) {
        this.kind = Objects.requireNonNull(kind);
        this.subject = Objects.requireNonNull(subject);
        this.total = Objects.requireNonNull(total);
        this.position = position;
    }

    public Kind kind() {
        return kind;
    }

    public String subject() {
        return subject;
    }

    public OptionalLong total() {
        return total;
    }

    public int position() {
        return position;
    }

    @Override
    public String toString() {
        return kind + " " + subject;
    }
}
