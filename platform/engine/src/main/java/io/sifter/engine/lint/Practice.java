package io.sifter.engine.lint;

import java.io.IOException;

/** One best practice, and the signs of what does not keep to it. */
interface Practice {
    /** Looks at a script of a definition or an image, by itself. */
    default void script(Script script, Findings findings) {}

    /** Looks at a definition, but its scripts. */
    default void definition(DefinitionSubject definition, Findings findings) {}

    /** Looks at an image, but its scripts. */
    default void image(ImageSubject image, Findings findings) throws IOException {}
}
