package io.sifter.engine.launch;

import io.sifter.spi.error.UserException;
import io.sifter.spi.tree.RawName;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.TreeSet;

/**
 * What a container may use of the host, as files of a control group of version 2 and what is written to them. The options and files of
 * the reference speak of version 1; where version 2 counts otherwise, values are converted as the reference's runtimes do.
 *
 * @param settings values by file, such as {@code memory.max}; several lines are written one by one
 */
public record Limits(Map<String, String> settings) {
    public static final Limits NONE = new Limits(Map.of());
    private static final int PERIOD = 100_000;
    private static final int LEAST_IO = 10;
    private static final int MOST_IO = 1000;
    private static final long BLOCK_DEVICE = 0060000;

    public Limits {
        settings = Map.copyOf(settings);
    }

    /** What the options of a command line say, as they were given. */
    public record Given(Optional<String> cpus, OptionalLong cpuShares, Optional<String> cpusetCpus, Optional<String> cpusetMems,
                        Optional<String> memory, Optional<String> memoryReservation, Optional<String> memorySwap, OptionalLong pids,
                        OptionalLong ioWeight, List<String> ioWeightDevice, Optional<Path> file) {}

    /**
     * Understands limits.
     *
     * @throws UserException if one is none, or cannot be had with control groups of version 2
     */
    public static Limits of(Given given) throws IOException {
        Map<String, String> settings = new LinkedHashMap<>();
        if (given.file().isPresent()) {
            settings.putAll(LimitsFile.read(given.file().get()));
        }
        if (given.cpus().isPresent()) {
            settings.put("cpu.max", cpus(given.cpus().get()));
        }
        if (given.cpuShares().orElse(0) != 0) {
            settings.put("cpu.weight", weight(given.cpuShares().getAsLong()));
        }
        given.cpusetCpus().ifPresent(list -> settings.put("cpuset.cpus", list));
        given.cpusetMems().ifPresent(list -> settings.put("cpuset.mems", list));
        OptionalLong memory = given.memory().isPresent() ? OptionalLong.of(bytes(given.memory().get(), "--memory")) : OptionalLong.empty();
        if (memory.isPresent()) {
            settings.put("memory.max", Long.toString(memory.getAsLong()));
        }
        if (given.memoryReservation().isPresent()) {
            settings.put("memory.low", Long.toString(bytes(given.memoryReservation().get(), "--memory-reservation")));
        }
        if (given.memorySwap().isPresent()) {
            String text = given.memorySwap().get();
            settings.put("memory.swap.max", swap(text.equals("-1") ? -1 : bytes(text, "--memory-swap"), memory));
        }
        if (given.pids().orElse(0) != 0) {
            settings.put("pids.max", most(given.pids().getAsLong()));
        }
        if (given.ioWeight().orElse(0) != 0) {
            settings.put("io.weight", "default " + ioWeight(given.ioWeight().getAsLong()));
        }
        for (String device : given.ioWeightDevice()) {
            settings.merge("io.weight", device(device), (one, other) -> one + "\n" + other);
        }
        return new Limits(settings);
    }

    /** Controllers that the files belong to. */
    Set<String> controllers() {
        Set<String> controllers = new TreeSet<>();
        for (String file : settings.keySet()) {
            controllers.add(file.substring(0, file.indexOf('.')));
        }
        controllers.remove("cgroup");
        return controllers;
    }

    /** Lines of a file and a value each. */
    String text() {
        StringBuilder text = new StringBuilder();
        settings.entrySet().stream().sorted(Map.Entry.comparingByKey()).forEach(setting -> {
            for (String line : setting.getValue().split("\n")) {
                text.append(setting.getKey()).append(' ').append(line).append('\n');
            }
        });
        return text.toString();
    }

    private static String cpus(String text) throws UserException {
        try {
            BigDecimal cpus = new BigDecimal(text);
            if (cpus.signum() > 0 && cpus.compareTo(BigDecimal.valueOf(1 << 16)) < 0) {
                return cpus.multiply(BigDecimal.valueOf(PERIOD)).longValue() + " " + PERIOD;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new UserException("while getting cgroups config: invalid CPU value '%s'".formatted(RawName.display(text)), "Give a number like 1.5.");
    }

    /** From 2 to 262144, to 1 to 10000. */
    static String weight(long shares) throws UserException {
        if (shares < 2 || shares > 262144) {
            throw new UserException("CPU shares of %d cannot be, they are 2 to 262144".formatted(shares));
        }
        return Long.toString(1 + (shares - 2) * 9999 / 262142);
    }

    /** From 10 to 1000, to 1 to 10000. */
    static long ioWeight(long weight) throws UserException {
        if (weight < LEAST_IO || weight > MOST_IO) {
            throw new UserException("A weight of block I/O of %d cannot be, it is %d to %d".formatted(weight, LEAST_IO, MOST_IO));
        }
        return 1 + (weight - LEAST_IO) * 9999 / (MOST_IO - LEAST_IO);
    }

    static String most(long number) {
        return number < 0 ? "max" : Long.toString(number);
    }

    /** @param total of memory and swap, as version 1 has it */
    static String swap(long total, OptionalLong memory) throws UserException {
        if (total == -1) {
            return "max";
        }
        if (memory.isEmpty()) {
            throw new UserException("unable to set swap limit without memory limit", "Give --memory, too; --memory-swap is the sum of memory and swap space.");
        }
        if (total < memory.getAsLong()) {
            throw new UserException("memory+swap limit must be >= memory limit", "--memory-swap is the sum of memory and swap space.");
        }
        return Long.toString(total - memory.getAsLong());
    }

    private static long bytes(String text, String option) throws UserException {
        String number = text.strip().toLowerCase(Locale.ROOT);
        if (number.endsWith("b")) {
            number = number.substring(0, number.length() - 1);
        }
        if (number.endsWith("i")) {
            number = number.substring(0, number.length() - 1);
        }
        int power = number.isEmpty() ? -1 : "kmgtp".indexOf(number.charAt(number.length() - 1));
        if (power >= 0) {
            number = number.substring(0, number.length() - 1);
        }
        try {
            long bytes = new BigDecimal(number.strip()).multiply(BigDecimal.valueOf(1L << 10 * (power + 1))).longValueExact();
            if (bytes >= 0) {
                return bytes;
            }
        } catch (ArithmeticException | NumberFormatException e) {
            // Said below.
        }
        throw new UserException("invalid value for %s: invalid size: '%s'".formatted(option, RawName.display(text)), "Give a number with k, m, g or t, like 512m.");
    }

    private static String device(String text) throws IOException {
        int colon = text.lastIndexOf(':');
        Optional<Path> path = HostFiles.path(colon < 0 ? "" : text.substring(0, colon));
        try {
            long weight = ioWeight(Long.parseLong(text.substring(colon + 1)));
            if (path.isPresent() && path.get().isAbsolute()) {
                return deviceNumber(path.get()) + " " + weight;
            }
        } catch (NumberFormatException e) {
            // Said below.
        }
        throw new UserException("invalid value for --blkio-weight-device: '%s'".formatted(RawName.display(text)), "Give a device and its weight, like /dev/sda:500.");
    }

    private static String deviceNumber(Path device) throws IOException {
        Map<String, Object> about;
        try {
            about = Files.readAttributes(device, "unix:mode,rdev");
        } catch (IOException e) {
            throw new UserException("The device %s of --blkio-weight-device does not exist".formatted(device), e);
        }
        if (((Integer) about.get("mode") & 0170000L) != BLOCK_DEVICE) {
            throw new UserException("%s of --blkio-weight-device is no block device".formatted(device));
        }
        long number = (Long) about.get("rdev");
        return (number >> 8 & 0xFFF | number >> 32 & ~0xFFFL) + ":" + (number & 0xFF | number >> 12 & 0xFFFFFF00L);
    }
}
