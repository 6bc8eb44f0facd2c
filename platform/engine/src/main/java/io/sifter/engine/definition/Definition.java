package io.sifter.engine.definition;

import io.sifter.spi.error.UserException;
import java.util.List;
import java.util.Map;

/**
 * What a definition file says: stages in the order in which they are built, the last of which becomes the image.
 *
 * @param warnings what was passed over, a sentence each
 */
public record Definition(List<Stage> stages, List<String> warnings) {
    public Definition {
        stages = List.copyOf(stages);
        warnings = List.copyOf(warnings);
        if (stages.isEmpty()) {
            throw new IllegalArgumentException("A definition has at least one stage");
        }
    }

    /**
     * Parses a definition.
     *
     * @param name of the file, for messages
     * @param variables by which {@code {{ name }}} is replaced, before the defaults of {@code %arguments}
     * @throws UserException names file, line, column and what was expected there
     */
    public static Definition parse(String name, String text, Map<String, String> variables) throws UserException {
        return new DefinitionParser(name, variables).parse(text);
    }

    /** The stage that becomes the image. */
    public Stage last() {
        return stages.getLast();
    }

    /** What is kept in the image: the stages' text, variables replaced, without what stood before the first. */
    public String text() {
        StringBuilder text = new StringBuilder();
        stages.forEach(stage -> text.append(stage.text()));
        return text.toString();
    }
}
