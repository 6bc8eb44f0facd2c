package io.sifter.cli;

import io.sifter.engine.launch.Host;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * Lets somebody who is not root do what only root may: the same command again, as root of a user namespace. All files of the namespace
 * must be made and read inside, so that the whole command goes there rather than the parts that need it.
 */
final class RootOfNamespace {
    private static final int MOMENT_SECONDS = 2;

    private RootOfNamespace() {}

    /**
     * Returns if this process may do everything already.
     *
     * @throws Ended when the other process has done the command
     */
    static void require(Session session) throws IOException, InterruptedException {
        if (Host.ofProcess(session.caller().distribution()).privileged()) {
            return;
        }
        session.terminal().flush();
        Process process = new ProcessBuilder(command(session)).inheritIO().start();
        try {
            throw new Ended(process.waitFor());
        } catch (InterruptedException e) {
            process.destroy();
            process.waitFor(MOMENT_SECONDS, TimeUnit.SECONDS);
            throw e;
        }
    }

    static List<String> command(Session session) {
        Path home = session.caller().distribution();
        List<String> command = new ArrayList<>(List.of(home.resolve("libexec/as-root").toString(),
                session.values().flag("ignore-subuid") ? "alone" : "", home.resolve("bin/singularity").toString()));
        command.addAll(session.words());
        return command;
    }
}
