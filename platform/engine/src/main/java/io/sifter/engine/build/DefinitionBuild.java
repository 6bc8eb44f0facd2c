package io.sifter.engine.build;

import io.sifter.engine.definition.Definition;
import io.sifter.engine.definition.Stage;
import io.sifter.engine.definition.Stage.AppSection;
import io.sifter.engine.definition.Stage.Copies;
import io.sifter.engine.definition.Stage.Script;
import io.sifter.engine.definition.Stage.Section;
import io.sifter.engine.launch.Host;
import io.sifter.engine.launch.Planner.RuntimeKind;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.FileTree;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.function.Consumer;

/**
 * Builds a definition whose sections must see files: the root of each stage is a directory, in which its sections do what they do, in
 * the order of the reference implementations. Needs to be root, if only of a user namespace. One build, one thread.
 */
public final class DefinitionBuild {
    /** What the engine does for a build. */
    public interface Engine {
        /**
         * What a stage begins with.
         *
         * @param packed whether its files are wanted as blocks of the image, or else as files only
         */
        Base base(Stage stage, boolean packed) throws IOException, InterruptedException;

        /** Writes a base to a new directory. */
        void unpack(Base base, Path directory) throws IOException, InterruptedException;

        /**
         * Writes a tree to a new SquashFS file.
         *
         * @param last whether the image will be made of it, or else nothing
         */
        void pack(FileTree tree, Path file, boolean last) throws IOException, InterruptedException;

        Platform platform();

        /** What bases and results are made by, beside the stage itself. */
        String settings() throws IOException;

        /** What earlier builds came to, if that is kept. */
        Optional<StageResults> results() throws IOException;
    }

    /**
     * How programs are started in the image.
     *
     * @param runtimes in order of preference
     * @param wanted name of the one to use, or nothing for the first that works
     */
    public record Launching(Host host, List<RuntimeKind> runtimes, Optional<String> wanted) {}

    private final Definition definition;
    private final DefinitionOptions options;
    private final ContainerScripts scripts;
    private final Engine engine;
    private final Path work;
    private final Optional<Overlays> overlays;
    private final Launching launching;
    private final Consumer<Event> events;
    /** Of stages whose inputs are known, by name. */
    private final Map<String, String> keys = new HashMap<>();

    private DefinitionBuild(Definition definition, DefinitionOptions options, Launching launching, Engine engine, Path work, Optional<Overlays> overlays,
                            Consumer<Event> events) {
        this.definition = definition;
        this.options = options;
        this.launching = launching;
        this.scripts = new ContainerScripts(launching, options, events);
        this.engine = engine;
        this.work = work;
        this.overlays = overlays;
        this.events = events;
    }

    /** Whether a definition does more than to describe what it builds upon: then it needs a directory, and root. */
    public static boolean needsDirectory(Definition definition, DefinitionOptions options) {
        for (Stage stage : definition.stages()) {
            if (stage.scripts().containsKey(Section.PRE) || stage.scripts().containsKey(Section.SETUP) || stage.scripts().containsKey(Section.POST)
                    || !stage.files().isEmpty()
                    || stage.apps().values().stream().anyMatch(app -> app.scripts().containsKey(AppSection.INSTALL) || !app.files().isEmpty())) {
                return true;
            }
        }
        return options.test() && definition.last().scripts().containsKey(Section.TEST);
    }

    /**
     * Does all that a definition says.
     *
     * @param launching how scripts are started in the image
     * @param work an empty directory, removed by whoever made it
     * @param overlays whether stages may be worked on without unpacking them, where that is possible
     * @param version of this program
     * @throws ExternalException if a script fails
     */
    public static StageRoot run(Definition definition, DefinitionOptions options, Launching launching, Engine engine, Path work, boolean overlays,
                           String version, Instant now, Consumer<Event> events) throws IOException, InterruptedException {
        Optional<Overlays> mounted = overlays ? Overlays.open(launching.host(), engine, work, events) : Optional.empty();
        try {
            return new DefinitionBuild(definition, options, launching, engine, work, mounted, events).run(version, now);
        } finally {
            mounted.ifPresent(Overlays::close);
        }
    }

    /** The container of a definition that only describes what it builds upon. Its tree is the base's. */
    public static Container describe(Definition definition, Base base, DefinitionOptions options, Container.Origin origin, Consumer<Event> events)
            throws IOException {
        TreeRoot root = new TreeRoot(base.tree().root(), Base.seconds(origin.created()));
        new Apps(root).write(definition.last().apps().values());
        new DefinitionText(root, options.selection(), options.force(), events)
                .write(definition, origin.created(), base.platform().architecture(), origin.version());
        return Container.described(base.tree(), definition.text(), base.ociConfig(), base.platform(), origin);
    }

    /** The container of what was made, of its tree. */
    public static Container container(Definition definition, StageRoot made, FileTree tree, Container.Origin origin) throws IOException {
        return Container.described(tree, definition.text(), made.base().ociConfig(), Architectures.of(tree.root()).orElse(made.base().platform()), origin);
    }

    private StageRoot run(String version, Instant now) throws IOException, InterruptedException {
        Map<String, RootDirectory> earlier = new HashMap<>();
        StageRoot made = null;
        int number = 0;
        for (Stage stage : definition.stages()) {
            Path place = Files.createDirectory(work.resolve("stage" + number++));
            made = stage(stage, place, earlier);
            RootDirectory root = new RootDirectory(made.path());
            stage.key("stage").ifPresent(name -> earlier.put(name, root));
        }
        RootDirectory root = new RootDirectory(made.path());
        String architecture = made.base().platform().architecture();
        inside(() -> {
            new DefinitionText(root, options.selection(), options.force(), events).write(definition, now, architecture, version);
            test(root);
            return null;
        });
        return made;
    }

    /** Does something where the stages' roots can be seen. */
    private <T> T inside(Callable<T> task) throws IOException, InterruptedException {
        if (overlays.isPresent()) {
            return overlays.get().inside(task);
        }
        try {
            return task.call();
        } catch (IOException | InterruptedException | RuntimeException e) {
            throw e;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    private StageRoot stage(Stage stage, Path place, Map<String, RootDirectory> earlier) throws IOException, InterruptedException {
        Path directory = place.resolve(StageRoot.NAME);
        Map<String, String> variables = new HashMap<>();
        for (String program : List.of("SINGULARITY", "APPTAINER")) {
            variables.put(program + "_ROOTFS", directory.toString());
            variables.put(program + "_ENVIRONMENT", "/.singularity.d/env/91-environment.sh");
        }
        onHost(stage, Section.PRE, place, variables);
        StageRoot begun = begin(stage, place);
        if (begun instanceof StageRoot.Recalled) {
            return begun;
        }
        RootDirectory root = new RootDirectory(directory);
        inside(() -> {
            new Apps(root).write(stage.apps().values());
            for (Stage.App app : stage.apps().values()) {
                new FileCopies(root, events).fromHost(app.files(), Path.of(""), Apps.directory(app));
            }
            copyFiles(stage, root, earlier);
            onHost(stage, Section.SETUP, place, variables);
            copyHostFiles(stage, root);
            post(stage, root, place);
            return null;
        });
        if (begun instanceof StageRoot.Mounted mounted && mounted.inputs().isPresent()) {
            results().orElseThrow().keep(mounted.inputs().get(), mounted.layers().upper(), engine);
        }
        return begun;
    }

    /** The root that a stage begins with. */
    private StageRoot begin(Stage stage, Path place) throws IOException, InterruptedException {
        boolean last = stage == definition.last();
        try (Base base = engine.base(stage, last && overlays.isPresent())) {
            Optional<StageResults> results = results();
            Optional<String> inputs = results.isPresent() ? inputs(stage, base) : Optional.empty();
            Optional<StageResults.Found> found = inputs.isPresent() ? results.get().find(inputs.get()) : Optional.empty();
            if (found.isPresent()) {
                try (StageResults.Found result = found.get()) {
                    events.accept(Event.info("Using what an earlier build made of %s".formatted(
                            stage.key("stage").map(name -> "stage " + name).orElse("the last stage"))));
                    return new StageRoot.Recalled(base, overlays.get().mount(overlays.get().over(base, result.layer()), place, last).orElseThrow());
                }
            }
            Optional<Overlays.Layers> layers = overlays.isPresent() ? overlays.get().mount(base, place, last) : Optional.empty();
            if (layers.isPresent()) {
                return new StageRoot.Mounted(base, layers.get(), inputs);
            }
            Path directory = place.resolve(StageRoot.NAME);
            engine.unpack(base, directory);
            return new StageRoot.Copied(base, directory);
        }
    }

    /** What earlier builds came to, where it can be used. */
    private Optional<StageResults> results() throws IOException {
        return overlays.isPresent() && overlays.get().areKernels() ? engine.results() : Optional.empty();
    }

    /** What determines what a stage comes to, if that can be known and there is anything to come to. */
    private Optional<String> inputs(Stage stage, Base base) throws IOException, InterruptedException {
        Optional<String> inputs = StageInputs.of(stage, base, options, launching, engine.settings(), keys, new FileCopies(new RootDirectory(work), events));
        stage.key("stage").ifPresent(name -> inputs.ifPresent(document -> keys.put(name, StageInputs.key(document))));
        boolean works = stage.scripts().containsKey(Section.POST) || !stage.files().isEmpty() || !stage.apps().isEmpty();
        return works ? inputs : Optional.empty();
    }

    private void onHost(Stage stage, Section section, Path place, Map<String, String> variables) throws IOException, InterruptedException {
        Optional<Script> script = stage.script(section);
        if (script.isEmpty() || !options.selection().has(section)) {
            return;
        }
        events.accept(Event.info("Running %s scriptlet".formatted(section)));
        Path file = place.resolve(section.toString());
        Files.writeString(file, script.get().text());
        options.beforeOutput().run();
        int exit = Children.run(shell(script.get(), file.toString()), variables, Optional.empty());
        if (exit != 0) {
            throw failed("failed to run %%%s script: exit status %d".formatted(section, exit));
        }
    }

    /** How a script is run: {@code -c PROGRAM} names what runs it, anything else is for the shell. */
    private static List<String> shell(Script script, String file) {
        List<String> words = new ArrayList<>(List.of("/bin/sh", "-ex"));
        String arguments = script.arguments();
        if (arguments.startsWith("-c ") || arguments.startsWith("-c\t")) {
            words.addAll(List.of("-c", arguments.substring(3).strip() + " " + file));
            return words;
        }
        if (!arguments.isEmpty()) {
            words.addAll(List.of(arguments.split("\\s+")));
        }
        words.add(file);
        return words;
    }

    private void copyFiles(Stage stage, RootDirectory root, Map<String, RootDirectory> earlier) throws IOException, InterruptedException {
        for (Copies copies : stage.files()) {
            if (copies.stage().isPresent() && options.selection().has("files")) {
                new FileCopies(root, events).fromStage(copies.entries(), earlier.get(copies.stage().get()));
            }
        }
    }

    private void copyHostFiles(Stage stage, RootDirectory root) throws IOException, InterruptedException {
        FileCopies host = new FileCopies(root, events);
        for (Copies copies : stage.files()) {
            if (copies.stage().isEmpty() && options.selection().has("files")) {
                host.fromHost(copies.entries(), Path.of(""), "");
            }
        }
    }

    private void post(Stage stage, RootDirectory root, Path place) throws IOException, InterruptedException {
        String install = Apps.install(stage.apps().values());
        Optional<Script> post = stage.script(Section.POST);
        if (post.isEmpty() && install.isEmpty()) {
            return;
        }
        events.accept(Event.info("Running post scriptlet"));
        String file = ".post.script";
        root.write(file, post.map(Script::text).orElse("") + install, 0755);
        int exit = scripts.post(root, place, shell(post.orElse(new Script("", "")), "/" + file));
        root.remove(file);
        if (exit != 0) {
            throw failed("while running engine: while running %%post section: exit status %d".formatted(exit));
        }
    }

    private void test(RootDirectory root) throws IOException, InterruptedException {
        if (!options.test() || !definition.last().scripts().containsKey(Section.TEST)) {
            return;
        }
        events.accept(Event.info("Running testscript"));
        int exit = scripts.test(root, work);
        if (exit != 0) {
            throw failed("failed to execute %%test script: exit status %d".formatted(exit));
        }
    }

    private static ExternalException failed(String what) {
        return new ExternalException(what, "What the script said stands above. --no-cleanup keeps what it made.");
    }
}
