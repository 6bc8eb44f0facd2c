package io.sifter.engine.dockerfile;

import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.function.Predicate;

/**
 * A Dockerfile as a definition file.
 *
 * @param definition the text
 * @param warnings for each line that has no equivalent, or a different one: its place and what to do about it
 */
public record Conversion(String definition, List<String> warnings) {
    public Conversion {
        warnings = List.copyOf(warnings);
    }

    /**
     * Converts a Dockerfile.
     *
     * @param file its name, for messages
     * @param isDirectory whether a path of the build context is a directory, whose content Docker copies rather than itself
     * @throws UserException if it is none; names file, line and column
     */
    public static Conversion of(String file, String text, Predicate<String> isDirectory) throws UserException {
        return new Converter(file, isDirectory).convert(Instruction.read(file, text));
    }
}
