package io.sifter.cli;

import io.sifter.cli.terminal.LogLines;
import java.io.InputStream;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.Map;

/**
 * Who calls, and where the answers go.
 *
 * @param distribution directory of the program, with {@code lib}, {@code plugins} and {@code etc}
 * @param interactive whether a person answers at {@code in}
 * @param terminal whether {@code err} is a terminal
 */
record Caller(Map<String, String> environment, Path distribution, InputStream in, PrintStream out, PrintStream err,
              boolean interactive, boolean terminal) {
    static Caller ofProcess() {
        return new Caller(System.getenv(), distribution(System.getProperty("sifter.home")), System.in, System.out, System.err,
                LogLines.inputIsTerminal(), LogLines.errorIsTerminal());
    }

    /**
     * The launcher says where the program lies; without it, the directory above that of this class's jar.
     *
     * @param home what the launcher says, or null
     */
    static Path distribution(String home) {
        if (home != null) {
            return Path.of(home);
        }
        String jar = Caller.class.getProtectionDomain().getCodeSource().getLocation().getPath();
        return Path.of(jar).toAbsolutePath().getParent().getParent();
    }
}
