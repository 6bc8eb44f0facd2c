package io.sifter.spi.launch;

import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * Who the command is and what it may do. A privileged caller's command has these ids on the host. Anybody else's is in a user
 * namespace, where the caller's own ids appear as these, and all power ends at what belongs to that namespace.
 *
 * @param uid of the command, as it sees itself
 * @param gid of the command, as it sees itself
 * @param groups that the command is in besides, for privileged callers; if absent, those of the caller
 * @param subordinates whether the user namespace knows the caller's subordinate ids, subuid(5), too; then {@code uid} and {@code gid} are 0
 * @param capabilities the command's: its effective and permitted set are exactly these, and so is its bounding set, unless nothing can
 *        be gained anyway; if absent, all that the caller has, or all that there are in the user namespace
 * @param gains whether programs that the command executes may give it more; else never, whatever is executed
 */
public record Privileges(long uid, long gid, Optional<List<Long>> groups, boolean subordinates, Optional<Capabilities> capabilities, boolean gains) {
    public Privileges {
        groups = groups.map(List::copyOf);
        Objects.requireNonNull(capabilities);
        if (subordinates && (uid != 0 || gid != 0)) {
            throw new IllegalArgumentException("Subordinate ids come after those of root");
        }
    }

    /** No capabilities, and none to be gained. */
    public static Privileges none(long uid, long gid) {
        return new Privileges(uid, gid, Optional.empty(), false, Optional.of(Capabilities.NONE), false);
    }

    /** All capabilities that there are to have. */
    public static Privileges all(long uid, long gid) {
        return new Privileges(uid, gid, Optional.empty(), false, Optional.empty(), true);
    }

    public Privileges with(Capabilities changed) {
        return new Privileges(uid, gid, groups, subordinates, Optional.of(changed), gains);
    }
}
