package io.sifter.engine.launch;

import io.sifter.engine.launch.ActionRequest.Rights;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Confinement;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.RuntimeContext;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;

/**
 * Who the command is and what it may do, as decided.
 *
 * @param privileged whether the container needs no user namespace
 * @param subordinates ids that its user namespace knows besides, or none
 * @param host as the command's accounts and groups see it
 * @param note for the person who asked, or empty
 */
record Standing(boolean privileged, Privileges privileges, Confinement confinement, SubordinateIds subordinates, Host host, String note) {
    static Standing decide(Host host, ActionRequest request, Consumer<String> warnings) throws IOException {
        Rights rights = request.rights();
        boolean userNamespace = request.isolation().userNamespace();
        boolean privileged = host.privileged() && !userNamespace && !rights.fakeRoot();
        Security security = Security.parse(rights.security(), HostFiles.path(host.directory()).orElse(Path.of("/")), Path.of("/sys"));
        String note = "";
        SubordinateIds subordinates = SubordinateIds.NONE;
        if (rights.fakeRoot()) {
            if (security.changesIds()) {
                throw new UserException("--fakeroot and --security uid or gid contradict each other", "Choose one.");
            }
            SubordinateIds found = rights.ignoreSubordinates() ? SubordinateIds.NONE : SubordinateIds.of(host);
            if (found.isEmpty() && host.privileged() && !rights.ignoreSubordinates()) {
                throw new UserException("could not use fakeroot: no mapping entry found in /etc/subuid for %s".formatted(host.account().name()),
                        "Root needs no --fakeroot: leave it out, or give root a range of ids in /etc/subuid and /etc/subgid.");
            }
            if (!found.isEmpty() && canMap(host)) {
                subordinates = found;
            } else {
                note = rights.ignoreSubordinates() ? "" : found.isEmpty() ? "User not listed in /etc/subuid, trying root-mapped namespace"
                        : "newuidmap and newgidmap are not installed, using only a root-mapped namespace";
            }
        }
        boolean root = rights.fakeRoot() || host.uid() == 0;
        Privileges privileges = new Privileges(rights.fakeRoot() ? 0 : security.uid().orElse(host.uid()),
                rights.fakeRoot() ? 0 : security.groups().isEmpty() ? host.gid() : security.groups().getFirst(),
                privileged && security.changesIds() ? Optional.of(security.groups().size() > 1 ? security.groups() : List.of()) : Optional.empty(),
                !subordinates.isEmpty(), capabilities(rights, security, root, held(host, privileged), warnings),
                root && !rights.none() && !security.changesIds());
        return new Standing(privileged, privileges, security.confinement(), subordinates, acting(host, security, privileged), note);
    }

    private static boolean canMap(Host host) {
        return host.program("newuidmap").isPresent() && host.program("newgidmap").isPresent();
    }

    private static Capabilities held(Host host, boolean privileged) {
        return privileged ? host.capabilities() : Capabilities.upTo(RuntimeContext.kernelSetting("kernel/cap_last_cap"));
    }

    /** Nothing if they are all that there are to have. */
    private static Optional<Capabilities> capabilities(Rights rights, Security security, boolean root, Capabilities held, Consumer<String> warnings)
            throws UserException {
        boolean none = !root || rights.none() || security.changesIds();
        if (!none && rights.drop().isEmpty()) {
            return Optional.empty();
        }
        Capabilities added = Security.capabilities(rights.add(), "add", held, warnings);
        if (!held.contains(added)) {
            throw new UserException("Could not add capabilities that the caller does not have: %s".formatted(String.join(", ", added.without(held).names())),
                    "Leave them out.");
        }
        Capabilities dropped = Security.capabilities(rights.drop(), "drop", Capabilities.ALL, warnings);
        return Optional.of((none ? Capabilities.NONE : held).with(added).without(dropped));
    }

    /** Inside a user namespace the command's files are the caller's, whatever its id is called. */
    private static Host acting(Host host, Security security, boolean privileged) throws IOException {
        if (!privileged || !security.changesIds()) {
            return host;
        }
        return host.as(security.uid().orElse(host.uid()), security.groups());
    }
}
