package io.sifter.spi;

import io.sifter.spi.error.ExternalException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs of this host that work on a root file system. For one thread. */
public interface Programs {
    /** As many ids as the kernel knows. */
    long ALL_IDS = (1L << 32) - 1;

    /** Where a program is on the search path. */
    Optional<Path> find(String name);

    /**
     * A program that is needed.
     *
     * @param nextStep what to do where it is missing, one sentence
     * @throws ExternalException if it is missing
     */
    default Path require(String name, String nextStep) throws ExternalException {
        return find(name).orElseThrow(() -> new ExternalException(name + " is not in PATH", nextStep));
    }

    /** How many ids files can be given to. It is 1 for root of a user namespace without subordinate ids (user_namespaces(7)). */
    long ids();

    /** Whether this is root of a user namespace only, which may neither make devices nor mount all that root may. */
    default boolean confined() {
        return ids() < ALL_IDS;
    }

    /**
     * Runs a program to its end, its output the user's. Neither mounts that it makes nor, where the kernel allows it, processes that
     * it starts outlive it. In the root's {@code dev} it finds the devices of the host that every program expects, such as {@code null}.
     *
     * @param variables beside those of this process
     * @return its exit code, 128 and the signal's number if one ended it
     * @throws InterruptedException if this thread is interrupted; the program has ended then
     */
    int run(Path root, List<String> command, Map<String, String> variables) throws IOException, InterruptedException;

    /**
     * Runs a program that must succeed.
     *
     * @throws ExternalException if it fails
     */
    default void succeed(Path root, List<String> command, Map<String, String> variables) throws IOException, InterruptedException {
        int exit = run(root, command, variables);
        if (exit != 0) {
            throw failed(command, exit);
        }
    }

    /** What there is to say about a program that failed. */
    default ExternalException failed(List<String> command, int exit) {
        return new ExternalException("while bootstrapping: %s: exit status %d".formatted(Path.of(command.getFirst()).getFileName(), exit),
                ids() == 1 ? "What it said stands above. Files can be given to nobody but you here: ask for subordinate ids (subuid(5)), or be root."
                        : "What it said stands above. --no-cleanup keeps what it made.");
    }
}
