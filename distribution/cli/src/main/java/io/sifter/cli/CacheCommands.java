package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.Sifter;
import io.sifter.engine.cache.CacheContents;
import io.sifter.engine.cache.CacheContents.Entry;
import io.sifter.engine.cache.CacheContents.Type;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.Set;

/**
 * {@code cache list} and {@code cache clean}. Packs are another form of the blobs that they were made from, so they count
 * and go with them unless asked for by name.
 */
final class CacheCommands {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());
    private static final List<Type> LISTED = List.of(Type.OCI, Type.LIBRARY, Type.OCI_TMP, Type.SHUB, Type.ORAS, Type.NET, Type.PACK);

    private CacheCommands() {}

    record ListRequest(Set<Type> types, boolean verbose) {}

    record CleanRequest(Set<Type> types, boolean all, OptionalLong days, boolean dryRun, boolean force) {}

    static ListRequest listRequest(Values values) throws UserException {
        return new ListRequest(types(values.list("type")), values.flag("verbose"));
    }

    static CleanRequest cleanRequest(Values values) throws UserException {
        Set<Type> types = types(values.list("type"));
        return new CleanRequest(types, types.size() == Type.values().length, values.number("days"), values.flag("dry-run"), values.flag("force"));
    }

    private static Set<Type> types(List<String> names) throws UserException {
        Set<Type> types = EnumSet.noneOf(Type.class);
        for (String name : names.isEmpty() ? List.of("all") : names) {
            if (name.equals("all")) {
                types.addAll(List.of(Type.values()));
                continue;
            }
            try {
                types.add(Type.parse(name));
            } catch (IllegalArgumentException e) {
                throw new UserException(e.getMessage(), "Name several separated by commas, or leave out --type.");
            }
        }
        if (types.contains(Type.OCI)) {
            types.add(Type.PACK);
        }
        return types;
    }

    static void list(Session session) throws IOException {
        ListRequest request = listRequest(session.values());
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal())) {
            CacheContents cache = sifter.cache();
            var entries = new ArrayList<Entry>();
            for (Type type : LISTED) {
                if (request.types().contains(type)) {
                    entries.addAll(cache.list(type));
                }
            }
            print(entries, request, session.caller().out());
        }
    }

    static void print(List<Entry> entries, ListRequest request, PrintStream out) {
        if (request.verbose()) {
            out.print(row("NAME", "DATE CREATED", "SIZE", "TYPE"));
            for (Entry entry : entries) {
                out.print(row(entry.name(), TIME.format(entry.modified()), size(entry.size()), entry.type() == Type.OCI ? "blob" : entry.type().toString()));
            }
            out.print("\n");
        }
        var parts = new ArrayList<String>();
        if (request.types().stream().anyMatch(Type::container)) {
            parts.add(summary(entries, true, "container file(s)"));
        }
        if (request.types().stream().anyMatch(type -> !type.container())) {
            parts.add(summary(entries, false, "oci blob file(s)"));
        }
        out.print("There are " + String.join(" and ", parts) + " of space\n");
        out.print("Total space used: " + size(entries.stream().mapToLong(Entry::size).sum()) + "\n");
    }

    private static String summary(List<Entry> entries, boolean container, String kind) {
        List<Entry> counted = entries.stream().filter(entry -> entry.type().container() == container).toList();
        return counted.size() + " " + kind + " using " + size(counted.stream().mapToLong(Entry::size).sum());
    }

    private static String row(String name, String date, String size, String type) {
        return "%-24.22s %-22s %-16s %s%n".formatted(name, date, size, type);
    }

    /** Decimal units with two digits, as in the user guide; nothing smaller than a kilobyte. */
    static String size(long bytes) {
        String[] units = {"kB", "MB", "GB", "TB"};
        double scaled = bytes / 1000.0;
        int unit = 0;
        while (scaled >= 1000 && unit < units.length - 1) {
            scaled /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.2f %s", scaled, units[unit]);
    }

    static void clean(Session session) throws IOException {
        CleanRequest request = cleanRequest(session.values());
        PrintStream out = session.caller().out();
        if (request.dryRun()) {
            out.print("User requested a dry run. Not actually deleting any data!\n");
        } else if (!request.force() && !agrees(session, request)) {
            session.terminal().log(Level.INFO, "Handle cleanup canceled");
            return;
        }
        try (Sifter sifter = Sifter.open(ImageOptions.plainSettings(session), session.terminal())) {
            CacheContents cache = sifter.cache();
            for (Type type : request.types()) {
                boolean told = type != Type.PACK || !request.types().contains(Type.OCI);
                if (request.days().isPresent()) {
                    cleanOld(cache, type, request, out);
                } else {
                    if (told) {
                        out.print("Removing " + cache.directory(type) + "\n");
                    } else {
                        session.terminal().log(Level.VERBOSE, "Removing " + cache.directory(type));
                    }
                    if (!request.dryRun()) {
                        cache.remove(type);
                    }
                }
            }
        }
    }

    private static void cleanOld(CacheContents cache, Type type, CleanRequest request, PrintStream out) throws IOException {
        Instant limit = Instant.now().minus(Duration.ofDays(request.days().getAsLong()));
        for (Entry entry : cache.list(type)) {
            if (entry.modified().isBefore(limit)) {
                out.print("Removing " + entry.path() + "\n");
                if (!request.dryRun()) {
                    cache.remove(entry);
                }
            }
        }
    }

    private static boolean agrees(Session session, CleanRequest request) throws IOException {
        String what = request.all() && request.days().isEmpty()
                ? "This will delete everything in your cache (containers from all sources and OCI blobs).\n"
                : "This will delete " + (request.days().isPresent() ? "what is older than " + request.days().getAsLong() + " day(s)" : "everything")
                        + " of these types in your cache: " + String.join(", ", request.types().stream().map(Type::toString).toList()) + ".\n";
        try {
            return session.prompt().ask(what
                    + "Hint: You can see exactly what would be deleted by canceling and using the --dry-run option.\n"
                    + "Do you want to continue? [N/y] ").equalsIgnoreCase("y");
        } catch (UserException e) {
            throw new UserException("Handle clean failed: could not prompt user: " + e.getMessage(), "Use --force to clean without a question.", e);
        }
    }
}
