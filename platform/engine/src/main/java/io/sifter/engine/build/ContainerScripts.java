package io.sifter.engine.build;

import io.sifter.engine.build.DefinitionBuild.Launching;
import io.sifter.engine.launch.Action;
import io.sifter.engine.launch.ActionRequest;
import io.sifter.engine.launch.ActionRequest.Files;
import io.sifter.engine.launch.ActionRequest.Isolation;
import io.sifter.engine.launch.ActionRequest.Rights;
import io.sifter.engine.launch.ActionRequest.Unpacking;
import io.sifter.engine.launch.ActionRequest.Variables;
import io.sifter.engine.launch.Planner;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Runs {@code %post} and {@code %test} in the image that is being made. The host's {@code /dev}, {@code /sys} and {@code /tmp} are
 * there, its home directories and accounts are not. Processes that a script leaves behind end with it.
 */
final class ContainerScripts {
    private static final List<String> LEFT_OUT = List.of("home", "cwd", "bind-paths", "/etc/passwd", "/etc/group");

    private final Launching launching;
    private final DefinitionOptions options;
    private final Consumer<Event> events;

    ContainerScripts(Launching launching, DefinitionOptions options, Consumer<Event> events) {
        this.launching = launching;
        this.options = options;
        this.events = events;
    }

    /**
     * Runs a command that may write to the image.
     *
     * @param work directory for files that the command needs
     * @return its exit code
     */
    int post(RootDirectory root, Path work, List<String> command) throws IOException, InterruptedException {
        Map<String, String> set = new HashMap<>(Map.of("SINGULARITY_LABELS", "/" + DefinitionText.BUILD_LABELS,
                "APPTAINER_LABELS", "/" + DefinitionText.BUILD_LABELS, "APPTAINER_ENVIRONMENT", "/.singularity.d/env/91-environment.sh"));
        Optional<FakedOwners> faked = FakedOwners.start(root, events);
        try {
            faked.ifPresent(owners -> set.putAll(owners.variables()));
            return run(Action.EXEC, root, work, command, true, new Variables(true, set, List.of(), true, Optional.empty(), Optional.empty()),
                    faked.map(owners -> List.of(owners.mount())).orElse(List.of()));
        } finally {
            if (faked.isPresent()) {
                faked.get().close();
            }
        }
    }

    /** Runs the image's test. */
    int test(RootDirectory root, Path work) throws IOException, InterruptedException {
        return run(Action.TEST, root, work, List.of(), false, Variables.DEFAULT, List.of());
    }

    private int run(Action action, RootDirectory root, Path work, List<String> command, boolean writable, Variables variables,
                    List<String> ownMounts) throws IOException, InterruptedException {
        List<String> mounts = new ArrayList<>(options.mounts());
        mounts.addAll(ownMounts);
        for (String file : List.of("/etc/hosts", "/etc/resolv.conf")) {
            Path copy = copy(file, work);
            mounts.add("type=bind,source=%s,destination=%s".formatted(RawName.of(copy.toString()), file));
        }
        Files files = new Files(options.binds(), mounts, Optional.empty(), true, Optional.of("/"), List.of(), Optional.empty(), LEFT_OUT,
                writable, !writable && options.writableTest(), List.of(), Unpacking.IF_NEEDED, options.gpus(), Set.of());
        Isolation isolation = new Isolation(false, false, false, Children.ownProcesses(), false, false, false, false, Optional.empty(), false,
                Optional.empty(), Optional.empty(), true);
        ActionRequest request = new ActionRequest(action, root.path(), false, command, true, files, variables, isolation, Rights.DEFAULT);
        String plan = new Planner(launching.host(), launching.runtimes(), launching.wanted(), Optional.empty(),
                warning -> events.accept(Event.warning(warning))).plan(request);
        // In a file, for the text is bytes that no argument of a Java program could hold.
        Path text = work.resolve("plan");
        java.nio.file.Files.write(text, RawName.bytes(plan));
        options.beforeOutput().run();
        return Children.run(List.of("sh", text.toString()));
    }

    /** The host's file, or an empty one: a script that changes it changes the copy. */
    private static Path copy(String file, Path work) throws IOException {
        Path original = Path.of(file);
        String text = java.nio.file.Files.isReadable(original) ? java.nio.file.Files.readString(original, StandardCharsets.ISO_8859_1) : "";
        Path copy = work.resolve(original.getFileName());
        java.nio.file.Files.writeString(copy, text + "\n", StandardCharsets.ISO_8859_1);
        return copy;
    }
}
