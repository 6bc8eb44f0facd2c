package io.sifter.spi.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * A set of Linux capabilities, capabilities(7).
 *
 * @param bits one for each, by its number
 */
public record Capabilities(long bits) {
    public static final Capabilities NONE = new Capabilities(0);

    /** By their numbers, which the kernel never changes. */
    private static final List<String> NAMES = List.of("CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_DAC_READ_SEARCH", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL",
            "CAP_SETGID", "CAP_SETUID", "CAP_SETPCAP", "CAP_LINUX_IMMUTABLE", "CAP_NET_BIND_SERVICE", "CAP_NET_BROADCAST", "CAP_NET_ADMIN",
            "CAP_NET_RAW", "CAP_IPC_LOCK", "CAP_IPC_OWNER", "CAP_SYS_MODULE", "CAP_SYS_RAWIO", "CAP_SYS_CHROOT", "CAP_SYS_PTRACE", "CAP_SYS_PACCT",
            "CAP_SYS_ADMIN", "CAP_SYS_BOOT", "CAP_SYS_NICE", "CAP_SYS_RESOURCE", "CAP_SYS_TIME", "CAP_SYS_TTY_CONFIG", "CAP_MKNOD", "CAP_LEASE",
            "CAP_AUDIT_WRITE", "CAP_AUDIT_CONTROL", "CAP_SETFCAP", "CAP_MAC_OVERRIDE", "CAP_MAC_ADMIN", "CAP_SYSLOG", "CAP_WAKE_ALARM",
            "CAP_BLOCK_SUSPEND", "CAP_AUDIT_READ", "CAP_PERFMON", "CAP_BPF", "CAP_CHECKPOINT_RESTORE");

    /** All that are known here. */
    public static final Capabilities ALL = new Capabilities((1L << NAMES.size()) - 1);

    /** The one of that name, in capitals or not, with {@code CAP_} before it or not. */
    public static Optional<Capabilities> named(String name) {
        String upper = name.toUpperCase(Locale.ROOT);
        int number = NAMES.indexOf(upper.startsWith("CAP_") ? upper : "CAP_" + upper);
        return number < 0 ? Optional.empty() : Optional.of(new Capabilities(1L << number));
    }

    /** Those that a kernel has that says so about its last one; all if it says nothing. */
    public static Capabilities upTo(String number) {
        try {
            int last = Integer.parseInt(number);
            return last + 1 >= NAMES.size() ? ALL : new Capabilities((1L << last + 1) - 1);
        } catch (NumberFormatException unknown) {
            return ALL;
        }
    }

    /** Those that this process has. */
    public static Capabilities held() throws IOException {
        for (String line : Files.readString(Path.of("/proc/self/status"), StandardCharsets.ISO_8859_1).split("\n")) {
            if (line.startsWith("CapEff:")) {
                return new Capabilities(Long.parseUnsignedLong(line.substring(7).strip(), 16));
            }
        }
        return NONE;
    }

    /** The names of those that are known here, in the order of their numbers. */
    public List<String> names() {
        List<String> names = new ArrayList<>();
        for (int number = 0; number < NAMES.size(); number++) {
            if ((bits >> number & 1) == 1) {
                names.add(NAMES.get(number));
            }
        }
        return names;
    }

    public boolean isEmpty() {
        return bits == 0;
    }

    public boolean contains(Capabilities others) {
        return (bits & others.bits) == others.bits;
    }

    public Capabilities with(Capabilities others) {
        return new Capabilities(bits | others.bits);
    }

    public Capabilities without(Capabilities others) {
        return new Capabilities(bits & ~others.bits);
    }

    /** Those that are in both. */
    public Capabilities within(Capabilities others) {
        return new Capabilities(bits & others.bits);
    }
}
