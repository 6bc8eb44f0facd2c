package io.sifter.cli.options;

import io.sifter.cli.options.Option.Kind;
import io.sifter.cli.options.Support.Moot;
import io.sifter.cli.options.Support.Refused;
import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a command line and the environment say about a command's options. Asking for an option that the command does not
 * have is a defect of the program. For one thread.
 */
public final class Values {
    /** In this order, so that a site's new spelling does not override what a user has set for years. */
    private static final String[] PREFIXES = {"SINGULARITY_", "APPTAINER_"};

    private final Command command;
    private final Map<String, Setting> settings = new LinkedHashMap<>();
    private final Set<String> read = new LinkedHashSet<>();

    /** Values as given, and what gave them: the option as typed or the variable's name. */
    private record Setting(List<String> items, String origin) {}

    Values(Command command) {
        this.command = command;
    }

    /** Why a value cannot be used. */
    static final class UnusableValue extends Exception {
        UnusableValue(String reason) {
            super(reason);
        }
    }

    /** Takes a value of the command line. */
    void set(Option option, String text) throws UsageException {
        try {
            take(option, text, "--" + option.name(), false);
        } catch (UnusableValue e) {
            throw new UsageException(command, UsageException.Kind.OPTION,
                    "invalid argument " + quote(text) + " for \"" + option.label() + "\" flag: " + e.getMessage());
        }
    }

    /**
     * Takes what the environment says about options that the command line left open, or that collect.
     *
     * @throws UserException if a variable's value cannot be used
     */
    public void readEnvironment(Map<String, String> environment) throws UserException {
        for (Option option : command.options()) {
            for (String suffix : option.variables()) {
                if (settings.containsKey(option.name()) && !option.appended()) {
                    break;
                }
                String variable = variable(option, suffix, environment);
                if (variable == null) {
                    continue;
                }
                String text = environment.get(variable);
                try {
                    take(option, text, variable, true);
                } catch (UnusableValue e) {
                    throw new UserException("While parsing environment variables: unable to set flag " + option.name()
                            + " to value " + text + ": " + e.getMessage(), "Correct or unset " + variable + ".");
                }
            }
        }
    }

    private static String variable(Option option, String suffix, Map<String, String> environment) {
        for (String prefix : PREFIXES) {
            if (isSet(environment.get(prefix + suffix))) {
                return prefix + suffix;
            }
        }
        return option.bare() && isSet(environment.get(suffix)) ? suffix : null;
    }

    private static boolean isSet(String text) {
        return text != null && !text.isBlank();
    }

    private void take(Option option, String text, String origin, boolean trim) throws UnusableValue {
        List<String> items = switch (option.kind()) {
            case FLAG -> List.of(Boolean.toString(parseBoolean(text)));
            case TEXT -> List.of(text);
            case NUMBER -> List.of(Long.toString(parseNumber(text)));
            case LIST -> append(option, splitList(text), trim);
            // A variable may hold several, one a line.
            case LINES -> append(option, trim ? List.of(text.strip().split("\n")) : List.of(text), trim);
            case PAIRS -> append(option, splitPairs(text), trim);
        };
        settings.put(option.name(), new Setting(items, origin));
    }

    private List<String> append(Option option, List<String> more, boolean trim) {
        Setting before = settings.get(option.name());
        var items = new ArrayList<String>();
        if (before != null) {
            items.addAll(before.items);
        }
        for (String item : more) {
            items.add(trim ? item.strip() : item);
        }
        return items;
    }

    /** The spellings of Go's {@code strconv.ParseBool}. */
    private static boolean parseBoolean(String text) throws UnusableValue {
        return switch (text) {
            case "1", "t", "T", "true", "TRUE", "True" -> true;
            case "0", "f", "F", "false", "FALSE", "False" -> false;
            default -> throw new UnusableValue("strconv.ParseBool: parsing " + quote(text) + ": invalid syntax");
        };
    }

    private static long parseNumber(String text) throws UnusableValue {
        try {
            return Long.parseLong(text);
        } catch (NumberFormatException e) {
            throw new UnusableValue("strconv.ParseInt: parsing " + quote(text) + ": invalid syntax");
        }
    }

    private static List<String> splitPairs(String text) throws UnusableValue {
        int first = text.indexOf('=');
        boolean single = first >= 0 && text.indexOf('=', first + 1) < 0;
        List<String> pairs = single ? List.of(stripQuotes(text)) : splitList(text);
        for (String pair : pairs) {
            if (pair.indexOf('=') < 0) {
                throw new UnusableValue(pair + " must be formatted as key=value");
            }
        }
        return pairs;
    }

    private static String stripQuotes(String text) {
        int start = 0;
        int end = text.length();
        while (start < end && text.charAt(start) == '"') {
            start++;
        }
        while (end > start && text.charAt(end - 1) == '"') {
            end--;
        }
        return text.substring(start, end);
    }

    /** One record of CSV (RFC 4180): a field that begins with a quote may hold commas, and quotes written twice. */
    static List<String> splitList(String text) throws UnusableValue {
        var fields = new ArrayList<String>();
        if (text.isEmpty()) {
            return fields;
        }
        var field = new StringBuilder();
        int at = 0;
        while (true) {
            field.setLength(0);
            if (at < text.length() && text.charAt(at) == '"') {
                at = quoted(text, at + 1, field);
            }
            int comma = text.indexOf(',', at);
            field.append(text, at, comma < 0 ? text.length() : comma);
            fields.add(field.toString());
            if (comma < 0) {
                return fields;
            }
            at = comma + 1;
        }
    }

    private static int quoted(String text, int from, StringBuilder field) throws UnusableValue {
        int at = from;
        while (at < text.length()) {
            char c = text.charAt(at++);
            if (c != '"') {
                field.append(c);
            } else if (at < text.length() && text.charAt(at) == '"') {
                field.append('"');
                at++;
            } else {
                return at;
            }
        }
        throw new UnusableValue("a quote is not closed in " + text);
    }

    static String quote(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    /**
     * Refuses what is known but does nothing here, all of it at once.
     *
     * @throws UserException naming each option or variable with the reason
     */
    public void requireSupported() throws UserException {
        var refusals = new StringBuilder();
        String nextStep = null;
        for (Option option : command.options()) {
            if (!(option.support() instanceof Refused refused) || !isOn(option)) {
                continue;
            }
            refusals.append(refusals.isEmpty() ? "" : "\n")
                    .append(settings.get(option.name()).origin).append(" is not supported: ").append(refused.reason());
            if (nextStep == null) {
                nextStep = refused.nextStep().orElse(null);
            }
        }
        if (!refusals.isEmpty()) {
            throw new UserException(refusals.toString(), nextStep);
        }
    }

    /** Options that were given although what they ask for is always so, each with the reason. */
    public List<String> mootNotes() {
        var notes = new ArrayList<String>();
        for (Option option : command.options()) {
            if (option.support() instanceof Moot moot && isOn(option)) {
                notes.add(settings.get(option.name()).origin + " changes nothing: " + moot.reason());
            }
        }
        return notes;
    }

    /** Deprecated spellings that the command line uses, as the notice about each. */
    public List<String> deprecationNotes() {
        var notes = new ArrayList<String>();
        for (Option option : command.options()) {
            if (option.deprecation().isPresent() && settings.containsKey(option.name())) {
                notes.add("Flag --" + option.name() + " has been deprecated, " + option.deprecation().get());
            }
        }
        return notes;
    }

    private boolean isOn(Option option) {
        Setting setting = settings.get(option.name());
        return setting != null && !(option.kind() == Kind.FLAG && setting.items.getFirst().equals("false"));
    }

    public boolean flag(String name) {
        List<String> items = items(name, Kind.FLAG);
        return !items.isEmpty() && items.getFirst().equals("true");
    }

    /** Nothing also for an empty text, which scripts write for what they do not want. */
    public Optional<String> text(String name) {
        List<String> items = items(name, Kind.TEXT);
        return items.isEmpty() || items.getFirst().isEmpty() ? Optional.empty() : Optional.of(items.getFirst());
    }

    public OptionalLong number(String name) {
        List<String> items = items(name, Kind.NUMBER);
        return items.isEmpty() ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(items.getFirst()));
    }

    /** The items of a {@link Kind#LIST} or {@link Kind#LINES}, in the order given. */
    public List<String> list(String name) {
        Kind kind = command.option(name).map(Option::kind).orElse(Kind.LIST);
        return items(name, kind == Kind.LINES ? Kind.LINES : Kind.LIST);
    }

    /** In the order given; a later value replaces an earlier one of its key. */
    public Map<String, String> pairs(String name) {
        var pairs = new LinkedHashMap<String, String>();
        for (String item : items(name, Kind.PAIRS)) {
            int equals = item.indexOf('=');
            pairs.put(item.substring(0, equals), item.substring(equals + 1));
        }
        return pairs;
    }

    /** Whether the command has such an option at all. */
    public boolean hasOption(String name) {
        return command.option(name).isPresent();
    }

    private List<String> items(String name, Kind kind) {
        Optional<Option> option = command.option(name);
        if (option.isEmpty() || option.get().kind() != kind) {
            throw new IllegalArgumentException("'" + command.path() + "' has no option " + name + " of kind " + kind);
        }
        read.add(name);
        Setting setting = settings.get(name);
        return setting == null ? List.of() : setting.items;
    }

    /** Names of the options that nobody has asked about so far: what the program would ignore. */
    public Set<String> unread() {
        var names = new LinkedHashSet<String>();
        for (Option option : command.options()) {
            if (!read.contains(option.name())) {
                names.add(option.name());
            }
        }
        return names;
    }

    /** Everything that was set, for comparisons. */
    @Override
    public String toString() {
        var text = new StringBuilder();
        for (Option option : command.options()) {
            Setting setting = settings.get(option.name());
            if (setting != null) {
                text.append(text.isEmpty() ? "" : " ").append(option.name()).append('=').append(setting.items);
            }
        }
        return text.toString();
    }
}
