package io.sifter.engine.launch;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;

/**
 * What a person asks for with {@code run}, {@code exec}, {@code shell} or {@code test}. Options are as they were given,
 * nothing is implied yet.
 *
 * @param image a SIF, a SquashFS or a directory
 * @param temporaryImage whether the image's file is removed as soon as the container no longer needs it
 * @param arguments what follows the image, raw bytes
 * @param quiet whether the container says nothing about itself but warnings and errors
 */
public record ActionRequest(Action action, Path image, boolean temporaryImage, List<String> arguments, boolean quiet, Files files,
                            Variables variables, Isolation isolation, Rights rights) {
    public ActionRequest {
        Objects.requireNonNull(action);
        Objects.requireNonNull(image);
        arguments = List.copyOf(arguments);
        Objects.requireNonNull(files);
        Objects.requireNonNull(variables);
        Objects.requireNonNull(isolation);
        Objects.requireNonNull(rights);
    }

    /** A request with no options. */
    public static ActionRequest of(Action action, Path image, List<String> arguments) {
        return new ActionRequest(action, image, false, arguments, false, Files.DEFAULT, Variables.DEFAULT, Isolation.DEFAULT,
                Rights.DEFAULT);
    }

    public ActionRequest with(Files changed) {
        return new ActionRequest(action, image, temporaryImage, arguments, quiet, changed, variables, isolation, rights);
    }

    public ActionRequest with(Variables changed) {
        return new ActionRequest(action, image, temporaryImage, arguments, quiet, files, changed, isolation, rights);
    }

    public ActionRequest with(Isolation changed) {
        return new ActionRequest(action, image, temporaryImage, arguments, quiet, files, variables, changed, rights);
    }

    public ActionRequest with(Rights changed) {
        return new ActionRequest(action, image, temporaryImage, arguments, quiet, files, variables, isolation, changed);
    }

    /** When an image is unpacked to a temporary directory. */
    public enum Unpacking { IF_NEEDED, ALWAYS, NEVER }

    /**
     * What the container's files are.
     *
     * @param binds {@code src[:dest[:options]]}, raw, one each
     * @param mounts {@code type=bind,source=…,destination=…}, raw, one each
     * @param home {@code src} or {@code src:dest}
     * @param startDirectory where the command starts
     * @param scratch directories in the container
     * @param workdir holds {@code /tmp}, {@code /var/tmp}, home and scratch directories of a contained container
     * @param noMount default mounts to leave out
     * @param overlays {@code path[:ro]}, raw, one each, lowest first
     * @param gpus whose drivers' files and devices are taken from the host
     * @param noGpus of which they are not, even if the site says so
     */
    public record Files(List<String> binds, List<String> mounts, Optional<String> home, boolean noHome,
                        Optional<String> startDirectory, List<String> scratch, Optional<String> workdir, List<String> noMount,
                        boolean writable, boolean writableTmpfs, List<String> overlays, Unpacking unpacking, Set<Gpu> gpus, Set<Gpu> noGpus) {
        public static final Files DEFAULT = new Files(List.of(), List.of(), Optional.empty(), false, Optional.empty(), List.of(),
                Optional.empty(), List.of(), false, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of());

        public Files {
            binds = List.copyOf(binds);
            mounts = List.copyOf(mounts);
            Objects.requireNonNull(home);
            Objects.requireNonNull(startDirectory);
            scratch = List.copyOf(scratch);
            Objects.requireNonNull(workdir);
            noMount = List.copyOf(noMount);
            overlays = List.copyOf(overlays);
            Objects.requireNonNull(unpacking);
            gpus = Set.copyOf(gpus);
            noGpus = Set.copyOf(noGpus);
        }
    }

    /**
     * What the command's variables are.
     *
     * @param clean whether hardly any variable of the host passes on
     * @param set by {@code --env}, raw
     * @param files by {@code --env-file}, later ones win
     * @param evaluated whether values and the image's own words see one round of shell evaluation
     * @param shell to start with {@link Action#SHELL}
     */
    public record Variables(boolean clean, Map<String, String> set, List<Path> files, boolean evaluated, Optional<String> app,
                            Optional<String> shell) {
        public static final Variables DEFAULT = new Variables(false, Map.of(), List.of(), true, Optional.empty(), Optional.empty());

        public Variables {
            set = Map.copyOf(set);
            files = List.copyOf(files);
            Objects.requireNonNull(app);
            Objects.requireNonNull(shell);
        }
    }

    /**
     * How far the container is kept apart from the host.
     *
     * @param all {@code --containall}
     * @param compat {@code --compat}
     * @param noPid against what {@code all} implies
     * @param network name of a kind of network
     * @param dns name servers, separated by commas
     * @param callersUmask whether the caller's umask passes on; otherwise it is 0022
     */
    public record Isolation(boolean contain, boolean all, boolean compat, boolean pid, boolean noPid, boolean ipc, boolean uts,
                            boolean net, Optional<String> network, boolean userNamespace,
                            Optional<String> hostname, Optional<String> dns, boolean callersUmask) {
        public static final Isolation DEFAULT = new Isolation(false, false, false, false, false, false, false, false, Optional.empty(),
                false, Optional.empty(), Optional.empty(), true);

        public Isolation {
            Objects.requireNonNull(network);
            Objects.requireNonNull(hostname);
            Objects.requireNonNull(dns);
        }
    }

    /**
     * Who the command is and what it may do.
     *
     * @param fakeRoot whether it appears as root
     * @param ignoreSubordinates whether {@code fakeRoot} does without subordinate ids
     * @param keep {@code --keep-privs}
     * @param none {@code --no-privs}
     * @param add names of capabilities, or {@code all}
     * @param drop names of capabilities, or {@code all}
     * @param security {@code uid:}, {@code gid:} and what else is said of that kind, one each
     */
    public record Rights(boolean fakeRoot, boolean ignoreSubordinates, boolean keep, boolean none, List<String> add, List<String> drop, List<String> security) {
        public static final Rights DEFAULT = new Rights(false, false, false, false, List.of(), List.of(), List.of());

        /** Whether nothing is asked for. Comparing records would spin their comparison at each start, which takes longer than planning. */
        boolean usual() {
            return !(fakeRoot || ignoreSubordinates || keep || none) && add.isEmpty() && drop.isEmpty() && security.isEmpty();
        }

        public Rights {
            add = List.copyOf(add);
            drop = List.copyOf(drop);
            security = List.copyOf(security);
        }
    }
}
