package io.sifter.spi.launch;

import io.sifter.spi.error.UserException;
import java.util.Objects;
import java.util.Optional;

/**
 * What the kernel keeps a command from, whoever it is.
 *
 * @param seccomp a filter of system calls, the JSON object that the runtime specification of the OCI calls {@code linux.seccomp}
 * @param apparmor name of a profile
 * @param selinux label of the process
 */
public record Confinement(Optional<String> seccomp, Optional<String> apparmor, Optional<String> selinux) {
    public static final Confinement NONE = new Confinement(Optional.empty(), Optional.empty(), Optional.empty());

    public Confinement {
        Objects.requireNonNull(seccomp);
        Objects.requireNonNull(apparmor);
        Objects.requireNonNull(selinux);
    }

    /**
     * For runtimes that have nothing of it.
     *
     * @throws UserException if any is wanted
     */
    public void refuse(String runtime) throws UserException {
        String what = seccomp.isPresent() ? "filters of system calls (seccomp)" : apparmor.isPresent() ? "AppArmor profiles" : selinux.isPresent() ? "SELinux labels" : "";
        if (!what.isEmpty()) {
            throw new UserException("The runtime '%s' cannot set %s".formatted(runtime, what), "The runtime 'oci' can, where crun or runc is installed.");
        }
    }
}
