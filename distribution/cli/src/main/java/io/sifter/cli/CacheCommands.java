package io.sifter.cli;

import io.sifter.cli.options.Values;
import io.sifter.cli.terminal.Level;
import io.sifter.engine.Sifter;
import io.sifter.engine.cache.CacheContents;
import io.sifter.engine.cache.CacheContents.Entry;
import io.sifter.engine.cache.CacheContents.Type;
import io.sifter.engine.config.Locations;
import io.sifter.engine.launch.PlanMemory;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
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
import java.util.function.Predicate;

/** {@code cache list} and {@code cache clean}. */
final class CacheCommands {
    private static final DateTimeFormatter TIME = DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT).withZone(ZoneId.systemDefault());
    private static final List<Type> LISTED = List.of(Type.OCI, Type.LIBRARY, Type.OCI_TMP, Type.SHUB, Type.ORAS, Type.NET, Type.PACK);
    /** How much of a name the list shows: as much must do to name an entry. */
    private static final int SHOWN_NAME = 22;

    private CacheCommands() {}

    record ListRequest(Set<Type> types, boolean verbose) {}

    record CleanRequest(Set<Type> types, List<String> names, OptionalLong days, boolean dryRun, boolean force) {
        /** Whether whole types are removed, not single entries. */
        boolean whole() {
            return names.isEmpty() && days.isEmpty();
        }

        boolean everything() {
            return whole() && types.size() == Type.values().length;
        }

        boolean chooses(Entry entry, Instant now) {
            return (names.isEmpty() || names.stream().anyMatch(name -> isName(name, entry)))
                    && (days.isEmpty() || entry.modified().isBefore(now.minus(Duration.ofDays(days.getAsLong()))));
        }

        static boolean isName(String name, Entry entry) {
            return name.equals(entry.name()) || name.equals(entry.path().getFileName().toString())
                    || name.length() >= SHOWN_NAME && entry.name().startsWith(name);
        }
    }

    static ListRequest listRequest(Values values) throws UserException {
        return new ListRequest(types(values), values.flag("verbose"));
    }

    static CleanRequest cleanRequest(Values values) throws UserException {
        return new CleanRequest(types(values), values.list("name"), values.number("days"), values.flag("dry-run"), values.flag("force"));
    }

    private static Set<Type> types(Values values) throws UserException {
        List<String> names = values.list("type");
        if (names.isEmpty() || names.contains("all")) {
            return EnumSet.allOf(Type.class);
        }
        Set<Type> types = EnumSet.noneOf(Type.class);
        for (String name : names) {
            try {
                types.add(Type.parse(name));
            } catch (IllegalArgumentException e) {
                throw new UserException(e.getMessage(), "Name several separated by commas, or leave out --type.");
            }
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
            parts.add(summary(entries, Type::container, "container file(s)"));
        }
        if (request.types().contains(Type.OCI)) {
            parts.add(summary(entries, Type.OCI::equals, "oci blob file(s)"));
        }
        if (!parts.isEmpty()) {
            out.print("There are " + String.join(" and ", parts) + " of space\n");
        }
        // The user guide knows no packs: where there are none, its words are all there is.
        if (parts.isEmpty() || entries.stream().anyMatch(entry -> entry.type() == Type.PACK)) {
            out.print("There are " + summary(entries, Type.PACK::equals, "pack file(s)") + " of space\n");
        }
        out.print("Total space used: " + size(entries.stream().mapToLong(Entry::size).sum()) + "\n");
    }

    private static String summary(List<Entry> entries, Predicate<Type> types, String kind) {
        List<Entry> counted = entries.stream().filter(entry -> types.test(entry.type())).toList();
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

    static void clean(Session session) throws IOException, InterruptedException {
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
            if (request.whole()) {
                for (Type type : request.types()) {
                    out.print("Removing " + cache.directory(type) + "\n");
                    if (!request.dryRun()) {
                        cache.remove(type);
                    }
                }
                if (request.everything()) {
                    cleanPlans(new Locations(session.caller().environment()).plans(), request, out);
                }
            } else {
                cleanSome(cache, request, out);
            }
        }
    }

    /** Plans of starts belong to no type, and are named where there are some. */
    private static void cleanPlans(Path plans, CleanRequest request, PrintStream out) throws IOException {
        if (Files.isDirectory(plans, LinkOption.NOFOLLOW_LINKS)) {
            out.print("Removing " + plans + "\n");
            if (!request.dryRun()) {
                PlanMemory.forget(plans);
            }
        }
    }

    private static void cleanSome(CacheContents cache, CleanRequest request, PrintStream out) throws IOException, InterruptedException {
        var entries = new ArrayList<Entry>();
        for (Type type : request.types()) {
            entries.addAll(cache.list(type));
        }
        List<String> unknown = request.names().stream().filter(name -> entries.stream().noneMatch(entry -> CleanRequest.isName(name, entry))).toList();
        if (!unknown.isEmpty()) {
            throw new UserException("Nothing in the cache is called " + String.join(", ", unknown),
                    "cache list --verbose shows the names; nothing was removed.");
        }
        Instant now = Instant.now();
        List<Entry> chosen = entries.stream().filter(entry -> request.chooses(entry, now)).toList();
        for (Entry entry : chosen) {
            out.print("Removing " + entry.path() + "\n");
        }
        if (!request.dryRun()) {
            cache.remove(chosen);
        }
    }

    private static boolean agrees(Session session, CleanRequest request) throws IOException {
        try {
            return session.prompt().ask(announcement(request)
                    + "Hint: You can see exactly what would be deleted by canceling and using the --dry-run option.\n"
                    + "Do you want to continue? [N/y] ").equalsIgnoreCase("y");
        } catch (UserException e) {
            throw new UserException("Handle clean failed: could not prompt user: " + e.getMessage(), "Use --force to clean without a question.", e);
        }
    }

    static String announcement(CleanRequest request) {
        if (request.everything()) {
            return "This will delete everything in your cache (containers from all sources and OCI blobs).\n";
        }
        String what = request.names().isEmpty() ? "everything" : String.join(", ", request.names());
        String age = request.days().isEmpty() ? "" : " that is older than " + request.days().getAsLong() + " day(s)";
        String types = request.types().size() == Type.values().length ? "" : " of these types: " + String.join(", ", request.types().stream().map(Type::toString).toList());
        return "This will delete " + what + age + " in your cache" + types + ".\n";
    }
}
