package io.sifter.cli;

import io.sifter.cli.options.Command;
import io.sifter.cli.options.CommandTable;
import io.sifter.cli.options.Completion;
import io.sifter.cli.options.HelpText;
import io.sifter.cli.options.Invocation;
import io.sifter.cli.options.Parser;
import io.sifter.cli.options.UsageException;
import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.cli.terminal.LogLines;
import io.sifter.cli.terminal.Terminal;
import io.sifter.cli.terminal.TerminalWidth;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;

/** Every command except the start of containers, which is {@link Actions}. */
public final class Main {
    /** How the launcher begins the command line of an action whose image must be made ready. */
    private static final String PREPARE = "__prepare";

    private final Caller caller;

    /** What a command does. */
    private interface Work {
        void run(Session session) throws IOException, InterruptedException, UsageException;
    }

    Main(Caller caller) {
        this.caller = caller;
    }

    public static void main(String[] words) {
        Caller caller = Caller.ofProcess();
        int exit = new Main(caller).run(List.of(words));
        caller.out().flush();
        caller.err().flush();
        Exit.leave(exit);
    }

    /** Runs one command line; the exit code. */
    int run(List<String> words) {
        if (words.size() == 1 && (words.getFirst().equals("--version") || words.getFirst().equals("version"))) {
            // Workflow tools ask this before each of their tasks, so no parser is made for it.
            return version(words.getFirst().equals("--version"));
        }
        Command program = CommandTable.full();
        try {
            if (!words.isEmpty() && words.getFirst().equals(PREPARE)) {
                return perform(Invocation.parse(program, words.subList(1, words.size())), words, Prepare::run);
            }
            Invocation invocation = Invocation.parse(program, words);
            Optional<Integer> answered = answer(program, invocation);
            return answered.isPresent() ? answered.get() : perform(invocation, words, Main::dispatch);
        } catch (UsageException e) {
            caller.err().print(HelpText.complaint(e));
            return Exit.USAGE;
        }
    }

    /** Answers what is about the program itself. */
    private Optional<Integer> answer(Command program, Invocation invocation) throws UsageException {
        Command command = invocation.command();
        if (invocation.program().flag("version")) {
            return Optional.of(version(true));
        }
        if (invocation.values().flag("help")) {
            caller.out().print(HelpText.help(command));
            return Optional.of(Exit.SUCCESS);
        }
        if (command.path().isEmpty()) {
            caller.err().print(HelpText.usageOnly(program));
            return Optional.of(Exit.USAGE);
        }
        Parser.requireArity(command, invocation.arguments());
        return switch (command.path()) {
            case "help" -> Optional.of(help(program, invocation.arguments()));
            case "version" -> Optional.of(version(false));
            case "completion bash" -> {
                caller.out().print(Completion.bash(program));
                yield Optional.of(Exit.SUCCESS);
            }
            case "completion zsh" -> {
                caller.out().print("autoload -U +X bashcompinit && bashcompinit\n" + Completion.bash(program));
                yield Optional.of(Exit.SUCCESS);
            }
            default -> Optional.empty();
        };
    }

    private int version(boolean withName) {
        caller.out().print((withName ? HelpText.PROGRAM + " version " : "") + ProgramVersion.text() + "\n");
        return Exit.SUCCESS;
    }

    private int help(Command program, List<String> words) {
        Command command = program;
        for (String word : words) {
            Optional<Command> child = command.subcommand(word);
            if (child.isEmpty()) {
                break;
            }
            command = child.get();
        }
        if (command == program && !words.isEmpty()) {
            caller.err().print(HelpText.unknownTopic(program, words));
        } else {
            caller.out().print(HelpText.help(command));
        }
        return Exit.SUCCESS;
    }

    private int perform(Invocation invocation, List<String> words, Work work) throws UsageException {
        LogLines lines = LogLines.of(false, false, false, false, false);
        boolean json;
        try {
            invocation.program().readEnvironment(caller.environment());
            lines = lines(invocation.program(), caller);
            json = json(invocation.program());
            invocation.values().readEnvironment(caller.environment());
            invocation.requireSupported();
        } catch (UserException e) {
            caller.err().print(Failures.text(e, lines));
            return Exit.FAILURE;
        }
        Terminal terminal = json ? Terminal.json(lines, caller.err())
                : new Terminal(lines, caller.err(), caller.terminal(), () -> TerminalWidth.of(caller.environment()));
        Interruption interruption = Interruption.watch(terminal, exitWhenInterrupted(invocation));
        try {
            invocation.values().deprecationNotes().forEach(note -> terminal.log(Level.WARNING, note));
            invocation.values().mootNotes().forEach(note -> terminal.log(Level.VERBOSE, note));
            work.run(new Session(caller, invocation, terminal, words));
            return Exit.SUCCESS;
        } catch (Ended e) {
            return e.exit();
        } catch (IOException | InterruptedException | RuntimeException | Error e) {
            if (!interruption.happens()) {
                terminal.flush();
                terminal.fail(Failures.told(e), Failures.text(e, lines));
            }
            return Exit.FAILURE;
        } finally {
            interruption.over();
            terminal.close();
        }
    }

    /** A build that is interrupted fails, in the reference's words; every other command ends by the signal. */
    private static OptionalInt exitWhenInterrupted(Invocation invocation) {
        return invocation.command().path().equals("build") ? OptionalInt.of(Exit.INTERRUPTED_BUILD) : OptionalInt.empty();
    }

    /** How much is told, by the flags; colours on terminals only. */
    static LogLines lines(Values program, Caller caller) {
        return LogLines.of(program.flag("debug"), program.flag("verbose"), program.flag("quiet"), program.flag("silent"),
                !program.flag("nocolor") && caller.terminal());
    }

    /** Whether a program listens rather than a person. */
    static boolean json(Values program) throws UserException {
        String form = program.text("progress").orElse("auto");
        if (!form.equals("auto") && !form.equals("json")) {
            throw new UserException("--progress is '%s', it must be auto or json".formatted(form), "Leave it out where a person reads.");
        }
        return form.equals("json");
    }

    private static void dispatch(Session session) throws IOException, InterruptedException, UsageException {
        switch (session.invocation().command().path()) {
            case "__unpack" -> Prepare.unpack(session);
            case "build" -> Build.run(session);
            case "cache clean" -> CacheCommands.clean(session);
            case "cache list" -> CacheCommands.list(session);
            case "capability avail" -> CapabilityCommands.available(session);
            case "capability list" -> CapabilityCommands.list(session);
            case "convert" -> Convert.run(session);
            case "delete" -> Publishing.delete(session);
            case "inspect" -> Inspect.run(session);
            case "instance list" -> InstanceCommands.list(session);
            case "instance stats" -> InstanceCommands.stats(session);
            case "instance stop" -> InstanceCommands.stop(session);
            case "lint" -> Linting.run(session);
            case "plugin list" -> Plugins.list(session);
            case "pull" -> Pull.run(session);
            case "push" -> Publishing.push(session);
            case "remote add", "remote get-login-password", "remote list", "remote login", "remote logout", "remote remove",
                    "remote status", "remote use" -> RemoteCommands.run(session);
            case "registry list" -> RegistryCommands.list(session);
            case "registry login" -> RegistryCommands.login(session);
            case "registry logout" -> RegistryCommands.logout(session);
            case "run-help" -> Inspect.runHelp(session);
            case "runtime list" -> RuntimeCommands.list(session);
            case "search" -> Publishing.search(session);
            case "sif dump", "sif header", "sif list" -> SifCommands.run(session);
            default -> throw new IllegalStateException("No code for command '" + session.invocation().command().path() + "'");
        }
    }
}
