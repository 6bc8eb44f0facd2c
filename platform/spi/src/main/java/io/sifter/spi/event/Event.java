package io.sifter.spi.event;

/**
 * What happens, told to the front end. Nothing below the front end writes to a terminal. Every {@link Started} has
 * exactly one {@link Finished} or {@link Failed} with the same {@link Task}; events of different tasks interleave,
 * those of one task are ordered. Consumers are called from many threads and must neither block nor throw.
 */
public sealed interface Event {
    /** A task begins. */
    record Started(Task task) implements Event {}

    /** {@code bytes} more of the task are done. */
    record Advanced(Task task, long bytes) implements Event {}

    record Finished(Task task) implements Event {}

    record Failed(Task task, String reason) implements Event {}

    /** A point passed once in a pull or build. */
    record Reached(Milestone milestone, String detail) implements Event {}

    /** A sentence for the log. Anything dropped or approximated is a warning, never silence. */
    record Logged(Level level, String message) implements Event {}

    enum Level { DEBUG, VERBOSE, INFO, WARNING, ERROR }

    /** The points of a pull or build, in their usual order. */
    enum Milestone {
        /** An image is being converted because an action needs it. */
        CONVERTING,
        BUILD_STARTED,
        /** The source answered; its layers follow. */
        SOURCE_OPENED,
        MANIFEST_WRITTEN,
        SIGNATURES_STORED,
        CREATING_SIF,
        CREATING_SANDBOX,
        /** Detail: the target as typed. */
        BUILD_COMPLETE,
        /** Detail: path of the cached SIF. */
        CACHED_AS_SIF
    }

    static Event info(String message) {
        return new Logged(Level.INFO, message);
    }

    static Event warning(String message) {
        return new Logged(Level.WARNING, message);
    }
}
