package io.sifter.engine.launch;

/** What is started in an image. */
public enum Action {
    /** A given command. */
    EXEC,
    /** The image's own command. */
    RUN,
    /** A shell. */
    SHELL,
    /** The image's tests. */
    TEST,
    /** What the image wants started in the background. */
    START;

    /** As users and scripts know it. */
    String word() {
        return switch (this) {
            case EXEC -> "exec";
            case RUN -> "run";
            case SHELL -> "shell";
            case TEST -> "test";
            case START -> "start";
        };
    }
}
