package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalLong;

/**
 * The file of {@code --apply-cgroups}: TOML with the tables of the reference ({@code cpu}, {@code memory}, {@code pids}, {@code blockIO},
 * {@code hugepageLimits}, {@code unified}), a key and a number, text or truth value a line. What it does not know it refuses with the line's
 * number, lest a limit be thought to hold that does not.
 */
final class LimitsFile {
    private static final int MOST_BYTES = 1 << 20;

    private final Path file;
    private final Map<String, String> settings = new LinkedHashMap<>();
    private String table = "";
    private final Map<String, String> entries = new LinkedHashMap<>();
    private int number;

    private LimitsFile(Path file) {
        this.file = file;
    }

    static Map<String, String> read(Path file) throws IOException {
        String text;
        try {
            if (Files.size(file) > MOST_BYTES) {
                throw new UserException("The file %s of --apply-cgroups has more than %d bytes".formatted(file, MOST_BYTES));
            }
            text = Files.readString(file, StandardCharsets.ISO_8859_1);
        } catch (IOException e) {
            throw e instanceof UserException ? e : new UserException("could not load cgroups config %s: %s".formatted(file, e.getMessage()), e);
        }
        return new LimitsFile(file).parse(text);
    }

    private Map<String, String> parse(String text) throws UserException {
        for (String line : text.split("\n", -1)) {
            number++;
            String words = withoutComment(line).strip();
            if (words.startsWith("[")) {
                close();
                boolean list = words.startsWith("[[") && words.endsWith("]]");
                if (!list && !words.endsWith("]")) {
                    throw wrong("no table's name");
                }
                table = words.substring(list ? 2 : 1, words.length() - (list ? 2 : 1)).strip();
            } else if (!words.isEmpty()) {
                int equals = words.indexOf('=', words.startsWith("\"") ? words.indexOf('"', 1) : 0);
                if (equals < 1) {
                    throw wrong("no key = value");
                }
                if (entries.put(unquoted(words.substring(0, equals).strip()), unquoted(words.substring(equals + 1).strip())) != null) {
                    throw wrong("a key for the second time");
                }
            }
        }
        close();
        return settings;
    }

    private String withoutComment(String line) {
        boolean quoted = false;
        for (int i = 0; i < line.length(); i++) {
            if (line.charAt(i) == '"') {
                quoted = !quoted;
            } else if (line.charAt(i) == '#' && !quoted) {
                return line.substring(0, i);
            }
        }
        return line;
    }

    private String unquoted(String word) throws UserException {
        if (word.length() >= 2 && (word.startsWith("\"") && word.endsWith("\"") || word.startsWith("'") && word.endsWith("'"))) {
            return word.substring(1, word.length() - 1);
        }
        if (word.isEmpty() || word.startsWith("[") || word.startsWith("{") || word.startsWith("\"")) {
            throw wrong("neither a number nor a text");
        }
        return word.replace("_", "");
    }

    /** Understands the table that ends here. */
    private void close() throws UserException {
        switch (table) {
            case "" -> { }
            case "cpu" -> cpu();
            case "memory" -> memory();
            case "pids" -> put("pids.max", "limit", true);
            case "blockIO" -> {
                OptionalLong weight = take("weight");
                if (weight.isPresent()) {
                    settings.merge("io.weight", "default " + Limits.ioWeight(weight.getAsLong()), (one, other) -> one + "\n" + other);
                }
            }
            case "blockIO.weightDevice" -> {
                String device = device();
                settings.merge("io.weight", device + " " + Limits.ioWeight(need("weight")), (one, other) -> one + "\n" + other);
            }
            case "blockIO.throttleReadBpsDevice" -> throttle("rbps");
            case "blockIO.throttleWriteBpsDevice" -> throttle("wbps");
            case "blockIO.throttleReadIOPSDevice" -> throttle("riops");
            case "blockIO.throttleWriteIOPSDevice" -> throttle("wiops");
            case "hugepageLimits" -> {
                String size = entries.remove("pageSize");
                if (size == null || !size.matches("[0-9]+[KMG]B")) {
                    throw wrong("no pageSize like 2MB");
                }
                put("hugetlb." + size + ".max", "limit", false);
            }
            case "unified" -> {
                for (Map.Entry<String, String> entry : entries.entrySet()) {
                    if (!entry.getKey().matches("[a-z]+(\\.[A-Za-z0-9_]+)+") || entry.getKey().startsWith("cgroup.")) {
                        throw wrong("no file of a controller: " + entry.getKey());
                    }
                    settings.put(entry.getKey(), entry.getValue());
                }
                entries.clear();
            }
            default -> throw wrong("a table that is not supported: " + table);
        }
        if (!entries.isEmpty()) {
            throw wrong("something that is not supported: " + (table.isEmpty() ? "" : table + ".") + entries.keySet().iterator().next());
        }
    }

    private void cpu() throws UserException {
        OptionalLong shares = take("shares");
        if (shares.orElse(0) != 0) {
            settings.put("cpu.weight", Limits.weight(shares.getAsLong()));
        }
        OptionalLong quota = take("quota");
        OptionalLong period = take("period");
        if (quota.isPresent() || period.isPresent()) {
            settings.put("cpu.max", Limits.most(quota.orElse(-1)) + " " + period.orElse(100_000));
        }
        for (String list : new String[] {"cpus", "mems"}) {
            String value = entries.remove(list);
            if (value != null) {
                settings.put("cpuset." + list, value);
            }
        }
    }

    private void memory() throws UserException {
        OptionalLong limit = take("limit");
        if (limit.isPresent()) {
            settings.put("memory.max", Limits.most(limit.getAsLong()));
        }
        put("memory.low", "reservation", false);
        OptionalLong swap = take("swap");
        if (swap.isPresent()) {
            settings.put("memory.swap.max", Limits.swap(swap.getAsLong(), limit));
        }
    }

    private void throttle(String what) throws UserException {
        settings.merge("io.max", device() + " " + what + "=" + need("rate"), (one, other) -> one + "\n" + other);
    }

    private String device() throws UserException {
        return need("major") + ":" + need("minor");
    }

    private void put(String setting, String key, boolean zeroIsNone) throws UserException {
        OptionalLong value = take(key);
        if (value.isPresent() && !(zeroIsNone && value.getAsLong() == 0)) {
            settings.put(setting, Limits.most(value.getAsLong()));
        }
    }

    private long need(String key) throws UserException {
        return take(key).orElseThrow(() -> wrong("no " + key));
    }

    private OptionalLong take(String key) throws UserException {
        String value = entries.remove(key);
        try {
            return value == null ? OptionalLong.empty() : OptionalLong.of(Long.parseLong(value));
        } catch (NumberFormatException e) {
            throw wrong("no whole number: " + value);
        }
    }

    private UserException wrong(String what) {
        return new UserException("The file %s of --apply-cgroups has in or above line %d %s".formatted(file, number, what),
                "It takes cpu, memory, pids, blockIO, hugepageLimits and unified, one key = value a line.");
    }
}
