package io.sifter.cli;

import io.sifter.cli.terminal.Level;
import io.sifter.engine.Sifter;
import io.sifter.engine.plugin.Extension;
import io.sifter.engine.plugin.PluginProblem;
import java.io.IOException;
import java.io.PrintStream;

/** {@code plugin list}: what plugins serve, and which are not used. */
final class Plugins {
    private Plugins() {}

    static void list(Session session) throws IOException {
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal())) {
            PrintStream out = session.caller().out();
            out.print(row("KIND", "NAME", "PLUGIN", "FILE"));
            for (Extension.Kind kind : Extension.Kind.values()) {
                for (Extension extension : sifter.plugins(kind).values()) {
                    out.print(row(kind.key(), extension.name(), extension.pluginId(), extension.path().toString()));
                }
            }
            for (PluginProblem problem : sifter.pluginProblems()) {
                session.terminal().log(Level.WARNING, "Plugin %s is not used: %s".formatted(problem.path(), problem.reason()));
            }
        }
    }

    private static String row(String kind, String name, String plugin, String file) {
        return "%-9s %-18s %-22s %s%n".formatted(kind, name, plugin, file);
    }
}
