package io.sifter.cli;

import io.sifter.cli.options.Invocation;
import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Terminal;
import java.util.List;

/**
 * One run of the program: what was asked, and through whom it is answered.
 *
 * @param words the whole command line
 */
record Session(Caller caller, Invocation invocation, Terminal terminal, List<String> words) {
    Values values() {
        return invocation.values();
    }

    String argument(int index) {
        return invocation.arguments().get(index);
    }

    Prompt prompt() {
        terminal.flush();
        return new Prompt(caller);
    }
}
