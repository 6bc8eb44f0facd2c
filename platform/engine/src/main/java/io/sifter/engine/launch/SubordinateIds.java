package io.sifter.engine.launch;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The ids that a user may use besides its own, subuid(5) and subgid(5), as they come after root's in a user namespace.
 *
 * @param uids what newuidmap(1) takes: inner, outer, count, and so on
 * @param gids the same for newgidmap(1)
 */
record SubordinateIds(String uids, String gids) {
    /** Where there are none. */
    static final SubordinateIds NONE = new SubordinateIds("", "");

    static SubordinateIds of(Host host) {
        return parse(text("/etc/subuid"), text("/etc/subgid"), host.account().name(), host.uid(), host.gid());
    }

    /** @param name of the account */
    static SubordinateIds parse(String subuid, String subgid, String name, long uid, long gid) {
        String uids = ranges(subuid, name, uid);
        String gids = ranges(subgid, name, uid);
        return uids.isEmpty() || gids.isEmpty() ? NONE : new SubordinateIds("0 " + uid + " 1" + uids, "0 " + gid + " 1" + gids);
    }

    boolean isEmpty() {
        return uids.isEmpty();
    }

    private static String ranges(String file, String name, long uid) {
        StringBuilder ranges = new StringBuilder();
        long inner = 1;
        for (String line : file.split("\n")) {
            String[] fields = line.strip().split(":", -1);
            if (fields.length == 3 && (fields[0].equals(name) || fields[0].equals(Long.toString(uid))) && isNumber(fields[1]) && isNumber(fields[2])) {
                long count = Long.parseLong(fields[2]);
                // The kernel takes 340 ranges, and no ids beyond 32 bits.
                if (count > 0 && inner + count < 1L << 32) {
                    ranges.append(' ').append(inner).append(' ').append(fields[1]).append(' ').append(count);
                    inner += count;
                }
            }
        }
        return ranges.toString();
    }

    private static boolean isNumber(String text) {
        return !text.isEmpty() && text.length() < 11 && text.chars().allMatch(c -> c >= '0' && c <= '9');
    }

    private static String text(String file) {
        try {
            return Files.readString(Path.of(file), StandardCharsets.ISO_8859_1);
        } catch (IOException none) {
            return "";
        }
    }
}
