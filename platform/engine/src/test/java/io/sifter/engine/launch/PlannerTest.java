package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.launch.ActionRequest.Isolation;
import io.sifter.engine.launch.ActionRequest.Unpacking;
import io.sifter.engine.launch.Planner.RuntimeKind;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Launch;
import io.sifter.spi.launch.LaunchPlan;
import io.sifter.spi.launch.LaunchPlan.Footing;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Mount.Bind;
import io.sifter.spi.launch.Mount.Data;
import io.sifter.spi.launch.Mount.Dev;
import io.sifter.spi.launch.Mount.Proc;
import io.sifter.spi.launch.Mount.Tmpfs;
import io.sifter.spi.launch.Namespace;
import io.sifter.spi.launch.Privileges;
import io.sifter.spi.launch.Readiness;
import io.sifter.spi.launch.Runtime;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PlannerTest {
    @TempDir
    private Path work;

    private Path box;
    private Path home;
    private Path here;
    private final List<String> warnings = new ArrayList<>();
    private final List<Launch> launches = new ArrayList<>();
    private Site site = Site.DEFAULT;

    @BeforeEach
    void makeASandbox() throws IOException {
        box = work.resolve("box");
        for (String directory : List.of("bin", "etc", "proc", "sys", "dev", "tmp", "var/tmp", "home", "root", ".singularity.d/env")) {
            Files.createDirectories(box.resolve(directory));
        }
        for (String file : List.of("etc/hosts", "etc/resolv.conf", "etc/localtime")) {
            Files.createFile(box.resolve(file));
        }
        Files.writeString(box.resolve("etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
        Files.writeString(box.resolve("etc/group"), "root:x:0:\n");
        assertThat(Files.createFile(box.resolve("bin/sh")).toFile().setExecutable(true)).isTrue();
        home = Files.createDirectory(work.resolve("me"));
        here = Files.createDirectory(work.resolve("here"));
    }

    private final class Recorded implements Runtime {
        private final Readiness readiness;

        Recorded(Readiness readiness) {
            this.readiness = readiness;
        }

        @Override
        public Readiness probe() {
            return readiness;
        }

        @Override
        public LaunchPlan plan(Launch launch) {
            launches.add(launch);
            return new LaunchPlan(List.of("/usr/bin/runtime"), launch.environment(), Footing.PRIVATE_MOUNTS);
        }
    }

    private ActionRequest exec(String... command) {
        return ActionRequest.of(Action.EXEC, box, List.of(command));
    }

    private static ActionRequest.Files files(List<String> binds, Optional<String> home, boolean noHome, Optional<String> start, List<String> noMount) {
        return new ActionRequest.Files(binds, List.of(), home, noHome, start, List.of(), Optional.empty(), noMount, false, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of());
    }

    private String plan(ActionRequest request, RuntimeKind... kinds) throws IOException {
        Host host = Hosts.user().in(here.toString(), home.toString());
        return new Planner(host, kinds.length > 0 ? List.of(kinds) : List.of(new RuntimeKind("recorded", _ -> new Recorded(Readiness.ready("")), Map.of())),
                Optional.empty(), Optional.of(work.resolve("memory")), warnings::add).with(site).plan(request);
    }

    private Launch launch(ActionRequest request) throws IOException {
        plan(request);
        return launches.getLast();
    }

    private static List<String> destinations(Launch launch) {
        return launch.mounts().stream().filter(mount -> mount instanceof Bind || mount instanceof Tmpfs || mount instanceof Proc || mount instanceof Dev
                || mount instanceof Data).map(Mount::destination).toList();
    }

    private static Site site(Set<String> images, List<String> owners, List<String> groups, List<Path> paths) {
        return new Site(images, owners, groups, paths, List.of(), true, Set.of(), false, 64, true, Set.of(), Set.of());
    }

    private static Site site(List<String> binds, boolean userBinds, Set<String> without, boolean minimalDevices, Set<Namespace> shared) {
        return new Site(Set.of("dir"), List.of(), List.of(), List.of(), binds, userBinds, without, minimalDevices, 64, true, shared, Set.of());
    }

    @Test
    void aSiteSaysWhichImagesMayRun() throws Exception {
        String owner = Files.getOwner(box).getName();
        String group = String.valueOf(Files.getAttribute(box, "unix:gid"));
        site = site(Set.of("dir"), List.of("nobody", owner), List.of(group), List.of(work));
        assertThat(plan(exec("true"))).contains("/usr/bin/runtime");

        site = site(Set.of("sif", "squashfs"), List.of(), List.of(), List.of());
        assertThatThrownBy(() -> plan(exec("true"))).isInstanceOf(UserException.class).hasMessageContaining("disallows users from running sandbox containers");
        site = site(Set.of("dir"), List.of("999999"), List.of(), List.of());
        assertThatThrownBy(() -> plan(exec("true"))).isInstanceOf(UserException.class).hasMessageContaining("not owned by required user(s)");
        site = site(Set.of("dir"), List.of(), List.of("999999"), List.of());
        assertThatThrownBy(() -> plan(exec("true"))).isInstanceOf(UserException.class).hasMessageContaining("not owned by required group(s)");
        site = site(Set.of("dir"), List.of(), List.of(), List.of(here, work.resolve("none")));
        assertThatThrownBy(() -> plan(exec("true"))).isInstanceOf(UserException.class).hasMessageContaining("not in an allowed configured path");
    }

    @Test
    void aLinkDoesNotMoveAnImageIntoAnAllowedPath() throws Exception {
        Path link = Files.createSymbolicLink(here.resolve("link"), box);
        site = site(Set.of("dir"), List.of(), List.of(), List.of(here));
        assertThatThrownBy(() -> plan(ActionRequest.of(Action.EXEC, link, List.of("true")))).hasMessageContaining("not in an allowed configured path");
    }

    @Test
    void aSiteSaysWhatIsMounted() throws Exception {
        Path data = Files.createDirectory(work.resolve("data"));
        site = site(List.of(data + ":/site:ro", "/nowhere"), true, Set.of("sys", "tmp", "home", "/etc/passwd", "/etc/resolv.conf"), true, Set.of(Namespace.IPC));
        Launch launch = launch(exec("true").with(new Isolation(false, false, false, false, false, true, true, false, Optional.empty(), false, Optional.empty(),
                Optional.empty(), true)));

        assertThat(destinations(launch)).contains("/proc", "/site", "/etc/group").doesNotContain("/var/tmp", "/etc/passwd", "/etc/resolv.conf", "/etc/hosts");
        assertThat(launch.mounts()).filteredOn(mount -> mount instanceof Bind).extracting(mount -> ((Bind) mount).source())
                .doesNotContain(Path.of("/sys"), Path.of("/tmp"), home);
        assertThat(launch.mounts()).contains(new Dev("/dev"), new Bind(data, "/site", true, true));
        assertThat(launch.namespaces()).containsExactly(Namespace.UTS);
    }

    @Test
    void aRootThatIsWrittenToItselfMayLackWhatNobodyAskedFor() throws Exception {
        for (String gone : List.of("etc/localtime", "var/tmp", "sys")) {
            Files.delete(box.resolve(gone));
        }
        ActionRequest.Files files = new ActionRequest.Files(List.of(), List.of(), Optional.empty(), true, Optional.empty(), List.of(), Optional.empty(), List.of("home", "cwd"),
                true, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of());

        assertThat(destinations(launch(exec("true").with(files)))).contains("/proc", "/tmp", "/etc/hosts").doesNotContain("/etc/localtime", "/var/tmp", "/sys");
        assertThat(warnings).contains("Skipping mount /sys [kernel]: /sys doesn't exist in container", "Skipping mount /var/tmp [tmp]: /var/tmp doesn't exist in container",
                "Skipping mount /etc/localtime [binds]: /etc/localtime doesn't exist in container");
    }

    @Test
    void whatIsNoNameOfAHostIsNamed() throws Exception {
        for (String name : List.of("a b", "-x", "a_b", "a..b", "x".repeat(65))) {
            assertThatThrownBy(() -> plan(exec("true").with(named(name)))).isInstanceOf(UserException.class).hasMessageContaining(name + " is not a valid hostname");
        }
        assertThat(launch(exec("true").with(named("box-1.example.org"))).hostname()).contains("box-1.example.org");
    }

    private static Isolation named(String hostname) {
        return new Isolation(false, false, false, false, false, false, false, false, Optional.empty(), false, Optional.of(hostname), Optional.empty(), true);
    }

    @Test
    void aRuntimeThatIsNamedAndMissingIsNamed() {
        Host host = Hosts.user().in(here.toString(), home.toString());
        var planner = new Planner(host, List.of(new RuntimeKind("recorded", _ -> new Recorded(Readiness.missing("no: luck")), Map.of())), Optional.of("recorded"),
                Optional.empty(), warnings::add);
        assertThatThrownBy(() -> planner.plan(exec("true"))).isInstanceOf(ExternalException.class)
                .hasMessage("The runtime 'recorded' cannot start containers here: no: luck");
    }

    @Test
    void aSiteMayKeepBindsToItself() throws Exception {
        site = site(List.of(), false, Set.of(), false, Set.of());
        Launch launch = launch(exec("true").with(files(List.of(here + ":/mine"), Optional.of(here.toString()), false, Optional.empty(), List.of())));

        assertThat(destinations(launch)).doesNotContain("/mine", here.toString());
        assertThat(warnings).contains("Ignoring %s bind mount: user bind control disabled by system administrator".formatted(here),
                "Ignoring --home: user bind control disabled by system administrator");
    }

    @Test
    void theUsualMountsAreMade() throws Exception {
        Launch launch = launch(exec("true"));
        assertThat(destinations(launch)).contains("/", "/proc", "/sys", "/dev", "/etc/hosts", "/tmp", "/var/tmp", "/etc/resolv.conf", "/etc/passwd", "/etc/group");
        assertThat(launch.mounts()).contains(new Data("root:x:0:0:root:/root:/bin/sh\nme:x:1000:100:Me:" + home + ":/bin/zsh\n", "/etc/passwd"),
                new Data("root:x:0:\nlp:x:7:me\nusers:x:100:me\n", "/etc/group"));
        assertThat(launch.privileges()).isEqualTo(Privileges.none(1000, 100));
        assertThat(launch.namespaces()).isEmpty();
        assertThat(warnings).isEmpty();
    }

    @Test
    void aSandboxIsReadOnlyUnlessItIsToBeWritten() throws Exception {
        assertThat(launch(exec("true")).mounts()).noneMatch(mount -> mount instanceof Bind bind && bind.source().startsWith(box) && !bind.readOnly());
        ActionRequest writable = exec("true").with(new ActionRequest.Files(List.of(), List.of(), Optional.empty(), true, Optional.empty(), List.of(), Optional.empty(),
                List.of("cwd"), true, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of()));
        assertThat(launch(writable).mounts().getFirst()).isEqualTo(new Bind(box, "/", false, false));
    }

    @Test
    void thePlanPutsTheCommandOnItsFooting() throws Exception {
        assertThat(plan(exec("true"))).contains("exec '/usr/bin/unshare' '--user' '--map-root-user' '--mount' '--propagation' 'slave' '/usr/bin/runtime'\n");
    }

    @Test
    void homeAndTheCallersDirectoryAreThereWhatTheTmpOfTheHostShowsAlready() throws Exception {
        // Both lie in the host's /tmp, which the container has anyway.
        boolean inTmp = work.startsWith("/tmp");
        assertThat(destinations(launch(exec("true")))).filteredOn(path -> path.equals(home.toString()) || path.equals(here.toString())).hasSize(inTmp ? 0 : 2);
        ActionRequest noTmp = exec("true").with(files(List.of(), Optional.empty(), false, Optional.empty(), List.of("tmp")));
        assertThat(destinations(launch(noTmp))).contains(home.toString(), here.toString());
        assertThat(launch(noTmp).environment()).containsEntry("HOME", home.toString()).containsEntry("SIFTER_DIRECTORY", here.toString());
    }

    @Test
    void bindsAreMadeAndTold() throws Exception {
        Launch launch = launch(exec("true").with(files(List.of(here + ":/tmp/x:ro", home.toString() + ":/etc/hosts.d"), Optional.empty(), true, Optional.empty(), List.of("tmp", "cwd"))));
        assertThat(launch.mounts()).contains(new Bind(here, "/tmp/x", true, false), new Bind(home, "/etc/hosts.d", false, false));
        assertThat(launch.environment()).containsEntry("SINGULARITY_BIND", here + ":/tmp/x:ro," + home + ":/etc/hosts.d");
    }

    @Test
    void aBindTakesThePlaceOfAUsualMount() throws Exception {
        Launch launch = launch(exec("true").with(files(List.of(here + ":/tmp"), Optional.empty(), true, Optional.empty(), List.of("cwd"))));
        assertThat(launch.mounts()).filteredOn(mount -> mount.destination().equals("/tmp") && mount instanceof Bind).containsExactly(new Bind(here, "/tmp", false, false));
    }

    @Test
    void bindsThatCannotBeAreRefused() {
        assertThatThrownBy(() -> plan(exec("true").with(files(List.of("/no/such:/mnt"), Optional.empty(), false, Optional.empty(), List.of()))))
                .isInstanceOf(UserException.class).hasMessageContaining("mount source /no/such doesn't exist");
        assertThatThrownBy(() -> plan(exec("true").with(files(List.of("/tmp:mnt"), Optional.empty(), false, Optional.empty(), List.of()))))
                .isInstanceOf(UserException.class).hasMessageContaining("destination must be an absolute path");
    }

    @ParameterizedTest
    @ValueSource(strings = {"/", "/.", "//", "/..", "/tmp/../", "/top"})
    void theRootStaysTheImages(String destination) throws Exception {
        Files.createSymbolicLink(box.resolve("top"), Path.of("."));
        Launch launch = launch(exec("true").with(new ActionRequest.Files(List.of(here + ":" + destination, here + ":/tmp"), List.of(), Optional.empty(), true, Optional.empty(),
                List.of(destination), Optional.empty(), List.of("cwd"), false, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of())));
        assertThat(launch.mounts()).filteredOn(mount -> mount instanceof Bind(Path source, _, _, _) && source.equals(here)).containsExactly(new Bind(here, "/tmp", false, false));
        assertThat(destinations(launch)).filteredOn("/"::equals).hasSizeLessThan(2);
        String why = " to '%s': that is the root of the container, which is the image's; name a directory in it, like /mnt".formatted(destination);
        assertThat(warnings).containsExactlyInAnyOrder("Skipping impossible bind mount of " + here + why, "Skipping impossible mount of a scratch directory" + why);
    }

    @Test
    void homeCanBeElsewhere() throws Exception {
        Launch launch = launch(exec("true").with(files(List.of(), Optional.of(here + ":/home/other"), false, Optional.empty(), List.of())));
        assertThat(launch.mounts()).contains(new Bind(here, "/home/other", false, false));
        assertThat(launch.environment()).containsEntry("HOME", "/home/other");
        assertThatThrownBy(() -> plan(exec("true").with(files(List.of(), Optional.of("/a:/b:/c"), false, Optional.empty(), List.of()))))
                .hasMessageContaining("home argument has incorrect number of elements");
    }

    @Test
    void aContainedContainerHasMemoryInPlaceOfTheHost() throws Exception {
        Launch launch = launch(exec("true").with(new Isolation(true, false, false, false, false, false, false, false, Optional.empty(), false, Optional.empty(),
                Optional.empty(), true)));
        assertThat(launch.mounts()).anyMatch(mount -> mount instanceof Dev).anyMatch(mount -> mount instanceof Tmpfs(String at, int mode, _) && at.equals("/tmp") && mode == 01777)
                .anyMatch(mount -> mount instanceof Tmpfs(String at, _, _) && at.equals(home.toString()));
        assertThat(launch.environment()).containsEntry("SIFTER_DIRECTORY", home.toString());
        assertThat(launch.namespaces()).isEmpty();
    }

    @Test
    void containallHasItsOwnProcessesAndCompatAWritableLayer() throws Exception {
        Launch all = launch(exec("true").with(new Isolation(false, true, false, false, false, false, false, false, Optional.empty(), false, Optional.empty(),
                Optional.empty(), true)));
        assertThat(all.namespaces()).isEqualTo(Set.of(Namespace.PID, Namespace.IPC));
        assertThat(all.mounts()).anyMatch(mount -> mount instanceof Proc);
        String compat = plan(exec("true").with(new Isolation(false, false, true, false, false, false, false, false, Optional.empty(), false, Optional.empty(),
                Optional.empty(), true)));
        assertThat(compat).startsWith("umask 022").contains("/libexec/with-image").contains("'directory' '" + box + "'").contains("size=64m,userxattr");
        assertThat(launches.getLast().environment()).containsEntry("SINGULARITY_NO_EVAL", "1");
    }

    @Test
    void namesOfMountsToLeaveOutAreChecked() throws Exception {
        Launch launch = launch(exec("true").with(files(List.of(), Optional.empty(), false, Optional.empty(), List.of("sys", "bogus", "/etc/hosts"))));
        assertThat(destinations(launch)).doesNotContain("/sys", "/etc/hosts").contains("/proc");
        assertThat(warnings).containsExactly("Ignoring unknown mount type 'bogus'");
    }

    private static ActionRequest.Files withGpus(Set<Gpu> gpus, Set<Gpu> noGpus) {
        return new ActionRequest.Files(List.of(), List.of(), Optional.empty(), false, Optional.empty(), List.of(), Optional.empty(), List.of(), false, false,
                List.of(), Unpacking.IF_NEEDED, gpus, noGpus);
    }

    /** Which files there are is {@link GpuFilesTest}'s business. */
    @Test
    void driversAreLookedForWhenAPersonOrTheSiteAsks() throws Exception {
        launch(exec("true").with(withGpus(Set.of(Gpu.NV), Set.of(Gpu.NV, Gpu.ROCM))));
        assertThat(warnings).singleElement().asString().startsWith("While finding nv bind points: could not read /opt/sifter/etc/nvliblist.conf: ");
        warnings.clear();
        site = new Site(Set.of("dir"), List.of(), List.of(), List.of(), List.of(), true, Set.of(), false, 64, true, Set.of(), Set.of(Gpu.ROCM));
        launch(exec("true").with(withGpus(Set.of(), Set.of(Gpu.NV))));
        assertThat(warnings).singleElement().asString().startsWith("While finding rocm bind points: ");
        warnings.clear();
        launch(exec("true").with(withGpus(Set.of(), Set.of(Gpu.ROCM))));
        assertThat(warnings).isEmpty();
    }

    @Test
    void aStartDirectoryMustBeThere() throws Exception {
        assertThat(launch(exec("true").with(files(List.of(), Optional.empty(), false, Optional.of("etc"), List.of()))).environment()).containsEntry("SIFTER_DIRECTORY", "/etc");
        assertThatThrownBy(() -> plan(exec("true").with(files(List.of(), Optional.empty(), false, Optional.of("/nosuch"), List.of()))))
                .isInstanceOf(UserException.class).hasMessage("failed to set working directory: chdir /nosuch: no such file or directory");
    }

    @Test
    void anImageWithoutAShellStartsItsCommandItself() throws Exception {
        Files.delete(box.resolve("bin/sh"));
        assertThat(Files.createFile(box.resolve("bin/tool")).toFile().setExecutable(true)).isTrue();
        Launch launch = launch(exec("tool", "x"));
        assertThat(launch.command()).containsExactly("tool", "x");
        assertThat(launch.environment()).containsEntry("SINGULARITY_NAME", "box").containsKey("PATH");
        assertThat(plan(ActionRequest.of(Action.TEST, box, List.of()))).endsWith("exit 0\n");
    }

    @Test
    void theFirstRuntimeThatWorksIsTaken() throws Exception {
        RuntimeKind none = new RuntimeKind("none", _ -> new Recorded(Readiness.missing("it is not here")), Map.of());
        plan(exec("true"), none, new RuntimeKind("other", _ -> new Recorded(Readiness.ready("")), Map.of()));
        assertThat(launches).hasSize(1);
        assertThatThrownBy(() -> plan(exec("true"), none)).isInstanceOf(ExternalException.class).hasMessageContaining("none: it is not here");
    }

    @Test
    void aRuntimeThatCannotDoWhatIsAskedForIsPassedOver() throws Exception {
        Runtime unable = new Runtime() {
            @Override
            public Readiness probe() {
                return Readiness.ready("");
            }

            @Override
            public LaunchPlan plan(Launch launch) throws UserException {
                throw new UserException("The runtime 'weak' cannot do this");
            }
        };
        RuntimeKind weak = new RuntimeKind("weak", _ -> unable, Map.of());

        plan(exec("true"), weak, new RuntimeKind("strong", _ -> new Recorded(Readiness.ready("")), Map.of()));

        assertThat(launches).hasSize(1);
        assertThatThrownBy(() -> plan(exec("true"), weak)).isInstanceOf(UserException.class).hasMessage("The runtime 'weak' cannot do this");
    }

    @Test
    void onlySandboxesAreWritable() throws Exception {
        Path file = work.resolve("image.sqfs");
        Files.write(file, new byte[] {'h', 's', 'q', 's', 0, 0});
        ActionRequest writable = ActionRequest.of(Action.EXEC, file, List.of("true")).with(new ActionRequest.Files(List.of(), List.of(), Optional.empty(), false,
                Optional.empty(), List.of(), Optional.empty(), List.of(), true, false, List.of(), Unpacking.IF_NEEDED, Set.of(), Set.of()));
        assertThatThrownBy(() -> plan(writable)).isInstanceOf(UserException.class).hasMessageStartingWith("could not use " + file + " for writing");
    }

    @Test
    void whatIsNoImageIsNamed() throws Exception {
        Path text = Files.writeString(work.resolve("text"), "hello");
        assertThatThrownBy(() -> plan(ActionRequest.of(Action.RUN, text, List.of()))).hasMessageContaining("image format not recognized");
        assertThatThrownBy(() -> plan(ActionRequest.of(Action.RUN, work.resolve("none"), List.of()))).hasMessageContaining("lstat " + work.resolve("none") + ": no such file or directory");
    }

    @Test
    void aNetworkOfItsOwnCanOnlyBeNone() {
        assertThatThrownBy(() -> plan(exec("true").with(new Isolation(false, false, false, false, false, false, false, true, Optional.empty(), false,
                Optional.empty(), Optional.empty(), true)))).isInstanceOf(UserException.class).hasMessageContaining("network");
    }

    @Test
    void valuesOfVariablesAreNoArguments() throws Exception {
        Host host = Hosts.user().with(Map.of("TOKEN", "s3cret", "SINGULARITYENV_OTHER", "s4cret", "PATH", "/usr/bin:/bin"));
        new Planner(host, List.of(new RuntimeKind("recorded", _ -> new Recorded(Readiness.ready("")), Map.of())), Optional.empty(), Optional.of(work), warnings::add)
                .plan(exec("true").with(files(List.of(), Optional.empty(), true, Optional.empty(), List.of())));
        assertThat(String.join(" ", launches.getLast().command())).doesNotContain("s3cret").doesNotContain("s4cret");
        assertThat(launches.getLast().environment()).containsEntry("SIFTER_HOST_TOKEN", "s3cret").containsEntry("SIFTER_SET_OTHER", "s4cret");
    }
}
