package io.sifter.testkit;

import io.sifter.spi.Programs;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Programs that do what a test says, and remember how they were called. */
public final class FakePrograms implements Programs {
    /** What a program does in place of the real one. */
    @FunctionalInterface
    public interface Behaviour {
        /** @return its exit code */
        int run(Path root, List<String> command) throws IOException, InterruptedException;
    }

    private final Map<String, Behaviour> behaviours = new HashMap<>();
    private final List<List<String>> calls = new ArrayList<>();
    private final List<Map<String, String>> variables = new ArrayList<>();
    private long ids = ALL_IDS;

    /** Installs programs that succeed and do nothing. */
    public FakePrograms with(String... names) {
        for (String name : names) {
            with(name, (_, _) -> 0);
        }
        return this;
    }

    public FakePrograms with(String name, Behaviour behaviour) {
        behaviours.put(name, behaviour);
        return this;
    }

    public FakePrograms without(String name) {
        behaviours.remove(name);
        return this;
    }

    public FakePrograms withIds(long count) {
        ids = count;
        return this;
    }

    @Override
    public Optional<Path> find(String name) {
        return behaviours.containsKey(name) ? Optional.of(Path.of("/bin", name)) : Optional.empty();
    }

    @Override
    public long ids() {
        return ids;
    }

    @Override
    public int run(Path root, List<String> command, Map<String, String> given) throws IOException, InterruptedException {
        calls.add(List.copyOf(command));
        variables.add(Map.copyOf(given));
        String name = Path.of(command.getFirst()).getFileName().toString();
        return behaviours.getOrDefault(name, (_, _) -> 127).run(root, command);
    }

    /** Command lines, as words with a blank between them, in order. */
    public List<String> calls() {
        return calls.stream().map(words -> String.join(" ", words)).toList();
    }

    /** The variables of each call. */
    public List<Map<String, String>> variables() {
        return List.copyOf(variables);
    }
}
