package io.sifter.cli;

import io.sifter.cli.options.UsageException;
import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.cli.terminal.LogLines;
import io.sifter.engine.config.Locations;
import io.sifter.engine.instance.Instance;
import io.sifter.engine.instance.Instances;
import io.sifter.engine.launch.ControlGroup;
import io.sifter.engine.launch.ControlGroup.Usage;
import io.sifter.engine.launch.Host;
import io.sifter.image.document.Json;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What can be done with instances that run. Starting one is {@link Actions}' business, as is getting into one. */
final class InstanceCommands {
    private static final List<String> SIGNALS = List.of("HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2",
            "PIPE", "ALRM", "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF", "WINCH", "IO",
            "PWR", "SYS");
    private static final List<String> UNITS = List.of("B", "KiB", "MiB", "GiB", "TiB", "PiB");
    private static final int GAP = 4;
    private static final long SHORT_MILLIS = 200;
    private static final long USUAL_SECONDS = 10;
    private static final long PAUSE_MILLIS = 20;

    private InstanceCommands() {}

    /** @param user whose instances, if not the caller's */
    record ListRequest(String glob, boolean json, boolean logs, Optional<String> user) {}

    /** @param signal as kill(1) knows it */
    record StopRequest(Optional<String> glob, String signal, long seconds, Optional<String> user) {}

    static ListRequest listRequest(Values values, List<String> arguments) throws UserException {
        var request = new ListRequest(arguments.isEmpty() ? "*" : arguments.getFirst(), values.flag("json"), values.flag("logs"), values.text("user"));
        if (request.json() && request.logs()) {
            throw new UserException("more than one flags have been set", "The object of --json holds the files of --logs.");
        }
        return request;
    }

    static StopRequest stopRequest(Values values, List<String> arguments) throws UserException {
        boolean all = values.flag("all");
        boolean force = values.flag("force");
        Optional<String> given = values.text("signal");
        String signal = given.isPresent() ? signal(given.get()) : "INT";
        return new StopRequest(all ? Optional.of("*") : arguments.stream().findFirst(), force ? "KILL" : signal,
                values.number("timeout").orElse(USUAL_SECONDS), values.text("user"));
    }

    /** The name of a signal, without SIG, or its number. */
    private static String signal(String text) throws UserException {
        String name = text.startsWith("SIG") ? text.substring(3) : text;
        if (SIGNALS.contains(name)) {
            return name;
        }
        try {
            int number = Integer.parseInt(text);
            if (number >= 1 && number <= 64 && number != 32 && number != 33) {
                return Integer.toString(number);
            }
            throw new UserException("Could not convert stop signal: can't convert %s to signal number".formatted(text), "Look at: kill -l");
        } catch (NumberFormatException e) {
            throw new UserException("Could not convert stop signal: %s is not a number".formatted(text), "Signals are called TERM or SIGTERM; look at: kill -l");
        }
    }


    static void list(Session session) throws IOException, InterruptedException {
        ListRequest request = listRequest(session.values(), session.invocation().arguments());
        Instances instances = instances(session, request.user(), "Only root user can list user's instances", "Could not list instances: could not retrieve instance list: ");
        instances.tidy();
        session.caller().out().print(shown(request, instances.matching(request.glob())));
    }

    /** The text of a list. */
    static String shown(ListRequest request, List<Instance> instances) {
        if (request.json()) {
            var all = new ArrayList<Map<String, Object>>();
            for (Instance instance : instances) {
                var one = new LinkedHashMap<String, Object>();
                one.put("instance", instance.name());
                one.put("pid", instance.pid());
                one.put("img", RawWords.text(instance.image()));
                one.put("ip", "");
                one.put("logErrPath", RawWords.text(instance.err()));
                one.put("logOutPath", RawWords.text(instance.out()));
                all.add(one);
            }
            return new String(Json.indented(Map.of("instances", all), "\t"), StandardCharsets.UTF_8) + "\n";
        }
        var rows = new ArrayList<List<String>>();
        rows.add(request.logs() ? List.of("INSTANCE NAME", "PID", "LOGS") : List.of("INSTANCE NAME", "PID", "IP", "IMAGE"));
        for (Instance instance : instances) {
            String pid = Long.toString(instance.pid());
            if (request.logs()) {
                rows.add(List.of(instance.name(), pid, RawName.display(instance.err())));
                rows.add(List.of("", "", RawName.display(instance.out())));
            } else {
                rows.add(List.of(instance.name(), pid, "", RawName.display(instance.image())));
            }
        }
        return table(rows);
    }

    /** Columns as wide as their widest cell and a gap. */
    static String table(List<List<String>> rows) {
        var text = new StringBuilder();
        for (List<String> row : rows) {
            for (int column = 0; column < row.size(); column++) {
                String cell = row.get(column);
                text.append(cell);
                if (column < row.size() - 1) {
                    int place = column;
                    int width = rows.stream().mapToInt(other -> other.get(place).length()).max().orElse(0) + GAP;
                    text.append(" ".repeat(width - cell.length()));
                }
            }
            text.append('\n');
        }
        return text.toString();
    }

    /** @param once whether to end after the first look */
    record StatsRequest(boolean json, boolean once, Optional<String> user) {}

    static StatsRequest statsRequest(Values values) {
        return new StatsRequest(values.flag("json"), values.flag("json") | values.flag("no-stream"), values.text("user"));
    }

    static void stats(Session session) throws IOException, InterruptedException, UsageException {
        StatsRequest request = statsRequest(session.values());
        Instances instances = instances(session, request.user(), "Only the root user can look at stats of a user's instance", "Could not list instances: could not retrieve instance list: ");
        List<Instance> found = instances.matching(session.argument(0));
        if (found.size() != 1) {
            throw new UsageException(session.invocation().command(), UsageException.Kind.ARGUMENTS,
                    found.isEmpty() ? "no instance found" : "query returned more than one instance (%d)".formatted(found.size()));
        }
        Instance instance = found.getFirst();
        Optional<Path> group = ControlGroup.of(instance.pid());
        if (group.isEmpty()) {
            throw new UsageException(session.invocation().command(), UsageException.Kind.ARGUMENTS,
                    "stats are only available if cgroups are enabled: this instance has no control group of its own, start it as root or with a limit");
        }
        Usage before = ControlGroup.usage(group.get());
        if (request.json()) {
            session.caller().out().print(json(before));
            return;
        }
        tell(session, "Stats for", instance, "");
        for (long clock = System.nanoTime(); instances.runs(instance);) {
            Thread.sleep(request.once() ? SHORT_MILLIS : 1000);
            Usage now = ControlGroup.usage(group.get());
            long later = System.nanoTime();
            double share = 100_000.0 * (now.cpuMicros() - before.cpuMicros()) / (later - clock);
            session.caller().out().print((request.once() || !LogLines.outputIsTerminal() ? "" : "\033[H\033[2J") + shown(instance.name(), now, share));
            session.caller().out().flush();
            if (request.once()) {
                return;
            }
            clock = later;
            before = now;
        }
    }

    /** @param share of one processor, in hundredths */
    static String shown(String name, Usage usage, double share) {
        double part = usage.memory() < 0 ? 0 : 100.0 * usage.memory() / usage.memoryLimit();
        return table(List.of(List.of("INSTANCE NAME", "CPU USAGE", "MEM USAGE / LIMIT", "MEM %", "BLOCK I/O", "PIDS"),
                List.of(name, "%.2f%%".formatted(share), size(usage.memory()) + " / " + size(usage.memoryLimit()), "%.2f%%".formatted(part),
                        size(usage.read()) + " / " + size(usage.written()), usage.processes() < 0 ? "-" : Long.toString(usage.processes()))));
    }

    private static String size(long bytes) {
        if (bytes < 0) {
            return "-";
        }
        double size = bytes;
        int unit = 0;
        while (size >= 1024 && unit < UNITS.size() - 1) {
            size /= 1024;
            unit++;
        }
        return "%.4g".formatted(size).replaceAll("(\\.[0-9]*?)0+$", "$1").replaceAll("\\.$", "") + UNITS.get(unit);
    }

    /** The members that the peers give, as far as the kernel tells them. */
    static String json(Usage usage) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("cpu_stats", Map.of("cpu_usage", Map.of("total_usage", usage.cpuMicros() * 1000)));
        if (usage.memory() >= 0) {
            var memory = new LinkedHashMap<String, Object>();
            memory.put("usage", usage.memory());
            memory.put("limit", usage.memoryLimit());
            all.put("memory_stats", Map.of("usage", memory));
        }
        if (usage.processes() >= 0) {
            var processes = new LinkedHashMap<String, Object>();
            processes.put("current", usage.processes());
            processes.put("limit", Math.max(0, usage.processLimit()));
            all.put("pids_stats", processes);
        }
        var io = new LinkedHashMap<String, Object>();
        io.put("read", usage.read());
        io.put("written", usage.written());
        all.put("blkio_stats", io);
        return new String(Json.indented(all, "\t"), StandardCharsets.UTF_8) + "\n";
    }

    static void stop(Session session) throws IOException, InterruptedException, UsageException {
        StopRequest request = stopRequest(session.values(), session.invocation().arguments());
        if (request.glob().isEmpty()) {
            throw new UsageException(session.invocation().command(), UsageException.Kind.ARGUMENTS, "invalid command");
        }
        Instances instances = instances(session, request.user(), "Only root user can stop user's instances", "Could not stop instances: could not retrieve instance list: ");
        instances.tidy();
        List<Instance> stopping = new ArrayList<>(instances.matching(request.glob().get()));
        if (stopping.isEmpty()) {
            throw new UsageException(session.invocation().command(), UsageException.Kind.ARGUMENTS, "no instance found");
        }
        for (Instance instance : stopping) {
            tell(session, "Stopping", instance, "");
            // Nothing in the container hears of KILL; the kernel ends it all with process 1.
            kill(request.signal(), request.signal().equals("KILL") || request.signal().equals("9") ? instance.init() : instance.pid());
        }
        for (long end = System.nanoTime() + request.seconds() * 1_000_000_000; !ended(instances, stopping) && System.nanoTime() < end;) {
            Thread.sleep(PAUSE_MILLIS);
        }
        for (Instance instance : stopping) {
            tell(session, "Killing", instance, " (Timeout)");
            kill("KILL", instance.init());
        }
        for (int i = 0; i < 500 && !ended(instances, stopping); i++) {
            Thread.sleep(PAUSE_MILLIS);
        }
        if (!stopping.isEmpty()) {
            throw new ExternalException("The instance %s does not end, not even when it is killed (PID=%d)".formatted(stopping.getFirst().name(), stopping.getFirst().pid()),
                    "A process that waits for a device or a file server cannot end; look at it with ps.");
        }
        instances.tidy();
    }

    /** Forgets those that have ended; whether that was all. */
    private static boolean ended(Instances instances, List<Instance> stopping) throws IOException {
        for (Instance instance : List.copyOf(stopping)) {
            if (!instances.runs(instance)) {
                stopping.remove(instance);
            }
        }
        return stopping.isEmpty();
    }

    private static void tell(Session session, String what, Instance instance, String why) {
        session.terminal().log(Level.INFO, "%s %s instance of %s (PID=%d)%s".formatted(what, instance.name(), RawName.display(instance.image()), instance.pid(), why));
    }

    private static void kill(String signal, long pid) throws IOException, InterruptedException {
        // A process that has just ended is none to be told about.
        new ProcessBuilder("sh", "-c", "kill -s \"$0\" \"$1\"", signal, Long.toString(pid)).redirectError(ProcessBuilder.Redirect.DISCARD).start().waitFor();
    }

    private static Instances instances(Session session, Optional<String> user, String rootOnly, String unknown) throws IOException, InterruptedException {
        Host host = Host.ofProcess(session.caller().distribution());
        if (user.isEmpty()) {
            return Instances.of(new Locations(session.caller().environment()).userDirectory(), RawWords.text(host.user()), host.uid());
        }
        if (host.uid() != 0) {
            throw new UserException(rootOnly, "Leave out --user.");
        }
        Process asked = new ProcessBuilder("getent", "passwd", user.get()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String[] account = new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip().split(":", -1);
        if (asked.waitFor() != 0 || account.length < 7) {
            throw new UserException(unknown + "user: unknown user " + user.get(), "Look at: getent passwd");
        }
        return Instances.of(Path.of(account[5], ".singularity"), account[0], Long.parseLong(account[2]));
    }
}
