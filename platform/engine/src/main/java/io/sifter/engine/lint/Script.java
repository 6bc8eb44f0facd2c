package io.sifter.engine.lint;

import io.sifter.engine.lint.ShellCommand.Word;
import java.util.List;
import java.util.function.BiFunction;

/**
 * A script that a definition or an image has.
 *
 * @param name as messages call it
 * @param places of a line and a column in it
 */
record Script(Kind kind, String name, String text, List<ShellCommand> commands, BiFunction<Integer, Integer, Place> places) {
    /** When it runs. */
    enum Kind {
        /** While the image is built. */
        BUILD,
        /** In the container, as what was asked for. */
        RUN,
        /** In the container, before that. */
        SETTINGS
    }

    Script(Kind kind, String name, String text, BiFunction<Integer, Integer, Place> places) {
        this(kind, name, text, ShellScript.commands(text), places);
    }

    Place place(Word word) {
        return places.apply(word.line(), word.column());
    }

    Place place(ShellCommand command) {
        return place(command.words().isEmpty() ? command.written().getFirst() : command.words().getFirst());
    }
}
