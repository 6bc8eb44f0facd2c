package io.sifter.cli;

import io.sifter.engine.Version;

/**
 * What the program says its version is: that of the reference whose command line it keeps, with its own behind, since
 * workflow tools compare the number with the reference's.
 */
final class ProgramVersion {
    private static final String COMPATIBLE = "4.5.0";

    private ProgramVersion() {}

    static String text() {
        return COMPATIBLE + "+sifter." + Version.PRODUCT;
    }
}
