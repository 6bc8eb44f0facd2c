package io.sifter.cli;

import io.sifter.spi.error.UserException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What capabilities there are, and who was granted one: nobody. With the reference a grant lets its set-uid program give a user a
 * capability. Here is none, so a user's container holds capabilities over its own user namespace only, and over that everybody may have
 * them all; only root's containers have power over the host, and root needs no grant.
 */
final class CapabilityCommands {
    /** By name, in the order of their numbers; what each is good for. */
    private static final Map<String, String> CAPABILITIES = new LinkedHashMap<>();

    static {
        String[] all = {
            "CHOWN", "Give files to other owners and groups.",
            "DAC_OVERRIDE", "Read, write and execute files whatever their permissions say.",
            "DAC_READ_SEARCH", "Read files and search directories whatever their permissions say; open files by handle.",
            "FOWNER", "Do with files what their owners may: change modes, times, attributes.",
            "FSETID", "Keep set-user-ID and set-group-ID bits of files that are changed.",
            "KILL", "Send signals to processes of other users.",
            "SETGID", "Change group ids, and map them into user namespaces.",
            "SETUID", "Change user ids, and map them into user namespaces.",
            "SETPCAP", "Hand capabilities on to the inheritable set, and take them from the bounding set.",
            "LINUX_IMMUTABLE", "Change the attributes of files that forbid any change, or all but appending.",
            "NET_BIND_SERVICE", "Listen at ports below 1024.",
            "NET_BROADCAST", "Broadcast, and listen to multicasts. The kernel does not ask for it.",
            "NET_ADMIN", "Configure networks: interfaces, addresses, routes, firewalls.",
            "NET_RAW", "Use raw sockets and packet sockets, as ping and packet sniffers do.",
            "IPC_LOCK", "Lock memory, and use huge pages.",
            "IPC_OWNER", "Use System V IPC objects whatever their permissions say.",
            "SYS_MODULE", "Load kernel modules and unload them.",
            "SYS_RAWIO", "Use I/O ports and memory of the machine directly.",
            "SYS_CHROOT", "Change the root directory, and enter mount namespaces.",
            "SYS_PTRACE", "Trace any process, and look into it.",
            "SYS_PACCT", "Switch process accounting on and off.",
            "SYS_ADMIN", "Mount file systems, make namespaces, and much of what has no capability of its own.",
            "SYS_BOOT", "Reboot, and load another kernel.",
            "SYS_NICE", "Raise priorities, choose schedulers and processors, also for other users' processes.",
            "SYS_RESOURCE", "Go beyond limits and quotas, and into the space that file systems reserve.",
            "SYS_TIME", "Set the clocks.",
            "SYS_TTY_CONFIG", "Hang terminals up, and configure virtual ones.",
            "MKNOD", "Make device files.",
            "LEASE", "Lease files of other users.",
            "AUDIT_WRITE", "Write to the kernel's audit log.",
            "AUDIT_CONTROL", "Switch auditing on and off, and change its rules.",
            "SETFCAP", "Give capabilities to files, and map user 0 into user namespaces.",
            "MAC_OVERRIDE", "Act against mandatory access control (Smack).",
            "MAC_ADMIN", "Change mandatory access control (Smack).",
            "SYSLOG", "Read and clear the kernel's log, and see its addresses.",
            "WAKE_ALARM", "Set alarms that wake the machine up.",
            "BLOCK_SUSPEND", "Keep the machine from being suspended.",
            "AUDIT_READ", "Read the kernel's audit log as it is written.",
            "PERFMON", "Measure performance, also with BPF.",
            "BPF", "Load BPF programs and use their maps.",
            "CHECKPOINT_RESTORE", "Save and restore processes, and choose process ids.",
        };
        for (int i = 0; i < all.length; i += 2) {
            CAPABILITIES.put("CAP_" + all[i], all[i + 1]);
        }
    }

    private CapabilityCommands() {}

    static void available(Session session) throws UserException {
        session.caller().out().print(described(session.invocation().arguments()));
    }

    /** Describes capabilities, all if none is named: in any case, with {@code CAP_} before them or not, separated by commas. */
    static String described(List<String> arguments) throws UserException {
        List<String> chosen = new ArrayList<>();
        List<String> unknown = new ArrayList<>();
        for (String argument : arguments) {
            for (String word : argument.split(",")) {
                String name = word.strip().toUpperCase(Locale.ROOT);
                name = name.startsWith("CAP_") ? name : "CAP_" + name;
                (CAPABILITIES.containsKey(name) ? chosen : unknown).add(name);
            }
        }
        if (!unknown.isEmpty()) {
            throw new UserException("Unable to list available capabilities: unknown capabilities found in: " + String.join(",", unknown),
                    "See them all: singularity capability avail");
        }
        var text = new StringBuilder();
        for (Map.Entry<String, String> capability : CAPABILITIES.entrySet()) {
            if (arguments.isEmpty() || chosen.contains(capability.getKey())) {
                text.append("%-22s %s%n\t%s%n%n".formatted(capability.getKey() + ":", capability.getKey(), capability.getValue()));
            }
        }
        return text.toString();
    }

    static void list(Session session) throws UserException {
        List<String> arguments = session.invocation().arguments();
        throw new UserException("Unable to list capabilities: no capability set for "
                + (arguments.isEmpty() ? "users or groups" : "user/group " + arguments.getFirst()),
                "None is needed: everybody may have all of them over his own containers, with --add-caps.");
    }
}
