package io.sifter.cli;

import io.sifter.cli.options.Command;
import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Parser;
import io.sifter.cli.options.UsageException;
import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.cli.terminal.LogLines;
import io.sifter.engine.instance.Instance;
import io.sifter.engine.instance.Instances;
import io.sifter.engine.instance.NewInstance;
import io.sifter.engine.launch.Action;
import io.sifter.engine.launch.ActionRequest;
import io.sifter.engine.launch.Host;
import io.sifter.engine.launch.PlanMemory;
import io.sifter.engine.launch.PlanText;
import io.sifter.engine.launch.Planner;
import io.sifter.engine.launch.Planner.RuntimeKind;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.spi.tree.RawName;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Plans run, exec, shell, test and the start of instances, and hands the plan to the launcher as text on descriptor 3. Every start of a container
 * goes through here, so nothing is touched but the table, the planner and the JDK's core. What is not its business it hands
 * on: help and complaints to {@link Main}, images that must be fetched to {@link Prepare}.
 */
public final class Actions {
    private static final String PLAN = "/proc/self/fd/3";
    private static final String INSTANCE = "instance://";

    /** Runtimes that come with the program, the first that works is used. They are on this program's class path. */
    private static final List<Bundled> RUNTIMES = List.of(
            new Bundled("unshare", "unshare-runtime", "io.sifter.runtime.unshare.UnshareRuntime"),
            new Bundled("bubblewrap", "bubblewrap-runtime", "io.sifter.runtime.bubblewrap.BubblewrapRuntime"),
            new Bundled("oci", "oci-runtime", "io.sifter.runtime.oci.OciRuntime"));

    private record Bundled(String name, String plugin, String className) {
        Runtime make(RuntimeContext context) {
            try {
                return (Runtime) Class.forName(className).getConstructor(RuntimeContext.class).newInstance(context);
            } catch (ReflectiveOperationException e) {
                throw new IllegalStateException("The runtime " + name + " is missing from the class path", e);
            }
        }
    }

    /** In order of preference. */
    static List<String> runtimeNames() {
        return RUNTIMES.stream().map(Bundled::name).toList();
    }

    private final Host host;
    private LogLines lines = LogLines.of(false, false, false, false, false);
    private PlanMemory memory = PlanMemory.none();
    private boolean told;

    private Actions(Host host) {
        this.host = host;
    }

    public static void main(String[] words) {
        Actions actions = null;
        try {
            actions = new Actions(Host.ofProcess(Caller.distribution(System.getProperty("sifter.home"))));
            String plan = actions.plan(Host.arguments(words.length));
            try (OutputStream out = new FileOutputStream(PLAN)) {
                out.write(RawName.bytes(plan));
            }
            actions.memory.save(plan);
        } catch (IOException | RuntimeException | Error e) {
            System.err.print(Failures.text(e, actions == null ? LogLines.of(false, false, false, false, false) : actions.lines));
            System.exit(Exit.FAILURE);
        }
    }

    private String plan(List<String> words) throws IOException {
        try {
            Parser.Parsed program = Parser.parse(CommandTable.program(), words);
            Optional<Command> command = program.rest().isEmpty() ? Optional.empty() : CommandTable.action(program.rest().getFirst());
            int path = 1;
            if (command.isEmpty() && program.rest().size() > 1 && program.rest().getFirst().equals("instance")) {
                command = CommandTable.instanceAction(program.rest().get(1));
                path = 2;
            }
            if (command.isEmpty() || program.values().flag("version") || program.values().flag("help")) {
                return PlanText.FULL;
            }
            Parser.Parsed parsed = Parser.parse(command.get(), program.rest().subList(path, program.rest().size()));
            if (parsed.values().flag("help")) {
                return PlanText.FULL;
            }
            Parser.requireArity(command.get(), parsed.rest());
            return plan(program.values(), command.get(), parsed);
        } catch (UsageException e) {
            return PlanText.FULL;
        }
    }

    private String plan(Values program, Command command, Parser.Parsed parsed) throws IOException {
        Values values = parsed.values();
        program.readEnvironment(host.environment());
        lines = LogLines.of(program.flag("debug"), program.flag("verbose"), program.flag("quiet"), program.flag("silent"),
                !program.flag("nocolor") && LogLines.errorIsTerminal());
        values.readEnvironment(host.environment());
        program.requireSupported();
        values.requireSupported();
        for (String note : values.deprecationNotes()) {
            log(Level.WARNING, note);
        }
        for (String note : values.mootNotes()) {
            log(Level.VERBOSE, note);
        }
        String image = parsed.rest().getFirst();
        String prepared = System.getProperty("sifter.image");
        boolean background = command.path().startsWith("instance ");
        boolean joins = image.startsWith(INSTANCE);
        if (joins && background) {
            throw new UserException("Unable to handle " + RawWords.text(image) + " uri: an instance starts from an image", "Name the image.");
        }
        if (prepared == null && ImageSpecs.isUri(image) && !joins) {
            return PlanText.PREPARE;
        }
        Path path = joins ? Path.of("/") : prepared == null ? RawWords.path(image) : Path.of(prepared);
        PlannerSettings settings = PlannerSettings.read(host.home(), program.text("config"), host.environment());
        var request = new ActionRequest(action(command), path, Boolean.getBoolean("sifter.image.temporary"),
                parsed.rest().subList(background ? 2 : 1, parsed.rest().size()), !lines.shows(Level.INFO),
                ActionOptions.files(values), ActionOptions.variables(values), ActionOptions.isolation(values, note -> log(Level.INFO, note)),
                ActionOptions.rights(values, host.uid()));
        var kinds = new ArrayList<RuntimeKind>();
        for (Bundled runtime : RUNTIMES) {
            kinds.add(new RuntimeKind(runtime.name(), runtime::make, settings.plugin(runtime.plugin())));
        }
        Optional<String> wanted = ActionOptions.runtime(values, settings.runtime());
        if (wanted.isPresent() && RUNTIMES.stream().noneMatch(bundled -> bundled.name().equals(wanted.get()))) {
            if (!Boolean.getBoolean("sifter.plugins")) {
                // It may be a plugin's, which takes more than this program's class path.
                return PlanText.WITH_PLUGINS;
            }
            kinds.add(settings.pluginRuntime(host.home(), wanted.get()));
        }
        // An instance, an image that was made for this start and a plugin are not known by a file's identity.
        if (!joins && prepared == null && !Boolean.getBoolean("sifter.plugins") && !values.flag("disable-cache")) {
            memory = settings.plans(System.getProperty("sifter.plan", ""), host.uid(), told);
        }
        var planner = new Planner(host, kinds, wanted, settings.memory(values.flag("disable-cache")), warning -> log(Level.WARNING, warning))
                .with(ActionOptions.limits(values)).with(settings.site()).with(memory);
        if (joins) {
            return planner.join(request, instance(image.substring(INSTANCE.length()), settings.instances(host)));
        }
        return background ? planner.start(request, new NewInstance(settings.instances(host), parsed.rest().get(1), ActionOptions.pidFile(values)))
                : planner.plan(request);
    }

    private static Instance instance(String name, Instances instances) throws IOException {
        try {
            return instances.find(Instance.requireName(name))
                    .orElseThrow(() -> new UserException("no instance found with name " + name, "See what runs: singularity instance list"));
        } catch (UserException e) {
            throw Failures.prefixed("While setting image/instance: ", e);
        }
    }

    private static Action action(Command command) {
        return switch (command.name()) {
            case "run" -> Action.RUN;
            case "shell" -> Action.SHELL;
            case "test" -> Action.TEST;
            case "start" -> Action.START;
            default -> Action.EXEC;
        };
    }

    private void log(Level level, String message) {
        // What was said is to be said again.
        told = true;
        memory.once();
        if (lines.shows(level)) {
            System.err.print(lines.line(level, message, "Actions.plan()"));
        }
    }
}
