package io.sifter.engine.build;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * Programs that a build starts: with this process's descriptors, the umask 0002 as with the peers, and never outliving it. An interruption
 * of the waiting thread kills them, and the kernel does when this process is killed.
 */
final class Children {
    /** For what was killed to be gone; longer only where the kernel itself waits for a disk. */
    private static final int PATIENCE_SECONDS = 2;

    private Children() {}

    /** The program's exit code, 128 and the signal's number if one ended it. */
    static int run(List<String> command) throws IOException, InterruptedException {
        return run(command, Map.of(), Optional.empty());
    }

    /**
     * @param variables beside this process's own
     * @param directory to start in, where not this process's own
     */
    static int run(List<String> command, Map<String, String> variables, Optional<Path> directory) throws IOException, InterruptedException {
        List<String> words = new ArrayList<>(List.of("sh", "-c", "umask 0002 && exec \"$@\"", "sh", "setpriv", "--pdeathsig", "KILL", "--"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).inheritIO();
        directory.ifPresent(path -> builder.directory(path.toFile()));
        callersLocale(builder.environment());
        builder.environment().putAll(variables);
        Process process = builder.start();
        try {
            return process.waitFor();
        } catch (InterruptedException e) {
            kill(process);
            throw e;
        }
    }

    /** Whether processes can be given a namespace of their own, which needs a fresh {@code /proc}; some containers forbid that. */
    static boolean ownProcesses() throws IOException, InterruptedException {
        Process probe = new ProcessBuilder("unshare", "--pid", "--fork", "--mount-proc", "true").redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        return probe.waitFor() == 0;
    }

    /** The launcher may have set LC_ALL for this process alone. */
    private static void callersLocale(Map<String, String> environment) {
        String before = System.getProperty("sifter.lc_all");
        if (before != null) {
            environment.remove("LC_ALL");
            if (!before.isEmpty()) {
                environment.put("LC_ALL", before);
            }
        }
    }

    private static void kill(Process process) {
        List<ProcessHandle> all = new ArrayList<>(process.descendants().toList());
        all.add(process.toHandle());
        all.forEach(ProcessHandle::destroyForcibly);
        for (ProcessHandle one : all) {
            one.onExit().completeOnTimeout(one, PATIENCE_SECONDS, TimeUnit.SECONDS).join();
        }
    }
}
