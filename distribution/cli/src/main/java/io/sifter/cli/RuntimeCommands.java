package io.sifter.cli;

import io.sifter.engine.Sifter;
import io.sifter.engine.launch.Host;
import io.sifter.engine.launch.RuntimeSurvey;
import io.sifter.engine.plugin.Extension.Kind;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import java.io.IOException;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.List;

/** {@code runtime list}: what starts containers here, what of it works, and what it cannot do. */
final class RuntimeCommands {
    private RuntimeCommands() {}

    static void list(Session session) throws IOException {
        RuntimeSurvey survey = new RuntimeSurvey(Host.ofProcess(session.caller().distribution()));
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal())) {
            PrintStream out = session.caller().out();
            out.print(row("NAME", "HERE", "WHAT IT IS, AND WHAT IT CANNOT DO"));
            List<String> names = new ArrayList<>(Actions.runtimeNames());
            for (String name : sifter.plugins(Kind.RUNTIME).keySet()) {
                if (!names.contains(name)) {
                    names.add(name);
                }
            }
            for (String name : names) {
                Runtime runtime;
                try {
                    runtime = sifter.runtime(name, survey);
                } catch (ExternalException broken) {
                    out.print(row(name, "no", broken.getMessage()));
                    continue;
                }
                Readiness readiness = runtime.probe();
                out.print(row(name, readiness.ready() ? "works" : "no", readiness.reason()));
                if (readiness.ready()) {
                    for (String refusal : survey.refusals(runtime)) {
                        out.print(row("", "", refusal));
                    }
                }
            }
            out.print(sifter.chosenRuntime().map("The configuration chooses %s, unless --runtime names another.\n"::formatted)
                    .orElse("The first that works and can do what is asked for is used, unless --runtime names one; those of plugins only if named.\n"));
        }
    }

    private static String row(String name, String here, String what) {
        return "%-14s %-6s %s%n".formatted(name, here, what);
    }
}
