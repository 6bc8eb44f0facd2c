package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.launch.ContainerTree.Missing;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Mount;
import io.sifter.spi.launch.Mount.Bind;
import io.sifter.spi.launch.Mount.Data;
import io.sifter.spi.launch.Mount.Dev;
import io.sifter.spi.launch.Mount.MakeDirectory;
import io.sifter.spi.launch.Mount.MakeFile;
import io.sifter.spi.launch.Mount.MakeSymlink;
import io.sifter.spi.launch.Mount.Seal;
import io.sifter.spi.launch.Mount.Tmpfs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ContainerTreeTest {
    private static final Path IMAGE = Path.of("/mnt/image");

    @TempDir
    private Path host;

    private static ContainerTree tree(MemoryFiles files) {
        return new ContainerTree(files, Missing.UNDERLAY);
    }

    private static List<Mount> mounts(ContainerTree tree) throws Exception {
        return tree.mounts(IMAGE, false);
    }

    private static Bind bind(Path source, String destination) {
        return new Bind(source, destination, false, false);
    }

    private static Tmpfs memory(String destination) {
        return new Tmpfs(destination, 0755, OptionalLong.empty());
    }

    @Test
    void whatIsThereIsMountedOn() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual());
        tree.bind(host, "/tmp", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), bind(host, "/tmp"));
    }

    @Test
    void linksInADestinationAreFollowedInsideTheContainer() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual().link("/data", "/var/../etc/./deep").directory("/etc/deep").link("/etc/deep/up", "../../../tmp"));
        tree.bind(host, "/etc/deep/up", false, false);
        tree.bind(host, "/data", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), bind(host, "/tmp"), bind(host, "/etc/deep"));
        // The host's directory now hides the link.
        assertThat(tree.find("/etc/deep/up").missing()).containsExactly("up");
    }

    @Test
    void aMountPointThatIsMissingIsMadeInMemoryOverItsDirectory() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual().file("/home/README", "").link("/home/l", "README").directory("/home/other"));
        tree.bind(host, "/home/me/work", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), memory("/home"),
                new MakeFile("/home/README"), new MakeSymlink("/home/l", "README"), new MakeDirectory("/home/other", 0755),
                new MakeDirectory("/home/me", 0755), new MakeDirectory("/home/me/work", 0755),
                bind(IMAGE.resolve("home/README"), "/home/README"), bind(IMAGE.resolve("home/other"), "/home/other"),
                bind(host, "/home/me/work"), new Seal("/home"));
    }

    @Test
    void theRootItselfCanLackAMountPoint() throws Exception {
        ContainerTree tree = tree(new MemoryFiles().directory("/usr", "/proc").link("/bin", "usr/bin"));
        tree.bind(Path.of("/proc"), "/proc", false, false);
        tree.bind(host, "/scratch/me", false, false);
        assertThat(mounts(tree)).containsExactly(memory("/"), new MakeSymlink("/bin", "usr/bin"), new MakeDirectory("/proc", 0755),
                new MakeDirectory("/usr", 0755), new MakeDirectory("/scratch", 0755), new MakeDirectory("/scratch/me", 0755),
                bind(IMAGE.resolve("usr"), "/usr"), bind(Path.of("/proc"), "/proc"), bind(host, "/scratch/me"), new Seal("/"));
    }

    @Test
    void underlaysNest() throws Exception {
        ContainerTree tree = tree(new MemoryFiles().directory("/a", "/a/b"));
        tree.bind(host, "/a/b/new", false, false);
        tree.bind(host, "/top", false, false);
        assertThat(mounts(tree)).containsExactly(memory("/"), new MakeDirectory("/a", 0755), new MakeDirectory("/top", 0755), bind(IMAGE.resolve("a"), "/a"),
                memory("/a/b"), new MakeDirectory("/a/b/new", 0755), bind(host, "/a/b/new"), bind(host, "/top"), new Seal("/"), new Seal("/a/b"));
    }

    @Test
    void afileThatIsMissingIsMade() throws Exception {
        Path file = Files.createFile(host.resolve("f"));
        ContainerTree tree = tree(new MemoryFiles().directory("/etc"));
        tree.bind(file, "/etc/localtime", false, true);
        tree.data("nameserver x\n", "/etc/resolv.conf");
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), memory("/etc"), new MakeFile("/etc/localtime"), new MakeFile("/etc/resolv.conf"),
                new Bind(file, "/etc/localtime", false, true), new Data("nameserver x\n", "/etc/resolv.conf"), new Seal("/etc"));
    }

    @Test
    void mountPointsInMemoryAreMadeThere() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual());
        tree.memory("/tmp", 01777);
        tree.bind(host, "/tmp/in/it", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), new Tmpfs("/tmp", 01777, OptionalLong.empty()),
                new MakeDirectory("/tmp/in", 0755), new MakeDirectory("/tmp/in/it", 0755), bind(host, "/tmp/in/it"));
    }

    @Test
    void filesAreGatheredInMemoryThatIsSealed() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual().directory("/.singularity.d/libs").file("/.singularity.d/libs/own", ""));
        Path one = Path.of("/lib/one.so");
        tree.gather(Map.of("one.so", one), "/.singularity.d/libs");
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), memory("/.singularity.d/libs"), new MakeFile("/.singularity.d/libs/one.so"),
                new Bind(one, "/.singularity.d/libs/one.so", true, true), new Seal("/.singularity.d/libs"));
        assertThat(tree.find("/.singularity.d/libs/own").entry()).isEmpty();
        assertThat(tree.find("/.singularity.d/libs/one.so").entry()).isPresent();
    }

    @Test
    void aMinimalDevHasNoOtherDevicesOfTheHost() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual());
        tree.devices("/dev");
        Path device = Files.createFile(host.resolve("kmsg"));
        tree.bind(device, "/dev/kmsg", false, false);
        tree.bind(device, "/dev/null", false, false);
        tree.bind(host, "/dev/shm", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), new Dev("/dev"), new MakeFile("/dev/kmsg"), bind(device, "/dev/kmsg"), bind(device, "/dev/null"),
                bind(host, "/dev/shm"));
    }

    @Test
    void aWritableLayerNeedsNoUnderlay() throws Exception {
        ContainerTree tree = new ContainerTree(MemoryFiles.usual(), Missing.MAKE);
        tree.bind(host, "/new", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), new MakeDirectory("/new", 0755), bind(host, "/new"));
    }

    @Test
    void whatIsAskedForMayBeMadeInDirectoriesOfTheHost() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual().link("/data", "/tmp"));
        tree.bind(host, "/tmp", false, false);
        tree.bind(host, "/var/tmp", true, false);
        tree.asked(true);
        tree.bind(host, "/tmp/new/deep/", false, false);
        assertThat(mounts(tree)).containsExactly(bind(IMAGE, "/"), bind(host, "/tmp"), new Bind(host, "/var/tmp", true, false), new MakeDirectory("/tmp/new", 0755),
                new MakeDirectory("/tmp/new/deep", 0755), bind(host, "/tmp/new/deep"));
        // An image must not choose which of them, and what is mounted to be read stays as it is.
        for (String elsewhere : List.of("/data/other", "/var/tmp/new")) {
            assertThatThrownBy(() -> tree.bind(host, elsewhere, false, false)).isInstanceOf(UserException.class).hasMessageContaining("nothing can be made in");
        }
    }

    @Test
    void whereAnOverlayCannotTakeADirectoryUpMemoryCoversIt() throws Exception {
        Path box = Files.createDirectories(host.resolve("box/etc/ssl")).getParent().getParent();
        Files.createFile(box.resolve("etc/hosts"));
        long uid = ((Integer) Files.getAttribute(box, "unix:uid")).longValue();
        long gid = ((Integer) Files.getAttribute(box, "unix:gid")).longValue();
        ContainerTree own = new ContainerTree(HostFiles.knownTo(uid, gid, box), Missing.MAKE);
        own.data("x", "/etc/new");
        assertThat(mounts(own)).containsExactly(bind(IMAGE, "/"), new MakeFile("/etc/new"), new Data("x", "/etc/new"));

        ContainerTree foreign = new ContainerTree(HostFiles.knownTo(uid + 1, gid, box), Missing.MAKE);
        foreign.bind(host, "/top", false, false);
        foreign.data("x", "/etc/new");
        assertThat(mounts(foreign)).containsExactly(bind(IMAGE, "/"), memory("/etc"), new MakeFile("/etc/hosts"), new MakeDirectory("/etc/ssl", 0755), new MakeFile("/etc/new"),
                bind(IMAGE.resolve("etc/hosts"), "/etc/hosts"), bind(IMAGE.resolve("etc/ssl"), "/etc/ssl"), new MakeDirectory("/top", 0755), bind(host, "/top"),
                new Data("x", "/etc/new"), new Seal("/etc"));
    }

    @Test
    void nothingIsMadeInWhatThePersonOwns() {
        assertThatThrownBy(() -> new ContainerTree(MemoryFiles.usual(), Missing.REFUSE).bind(host, "/new", false, false))
                .isInstanceOf(UserException.class).hasMessageContaining("/new does not exist in the image");
        assertThatThrownBy(() -> {
            ContainerTree tree = tree(MemoryFiles.usual());
            tree.bind(host, "/tmp", false, false);
            tree.bind(host, "/tmp/new", false, false);
        }).isInstanceOf(UserException.class).hasMessageContaining("nothing can be made in /tmp");
    }

    @Test
    void aFileIsNotMountedOnADirectory() {
        assertThatThrownBy(() -> tree(MemoryFiles.usual()).bind(host, "/etc/hosts", false, false))
                .isInstanceOf(UserException.class).hasMessageContaining("error: while mounting " + host + ": could not mount " + host + ": not a directory");
    }

    @Test
    void linksThatGoInCirclesLeadNowhere() {
        assertThatThrownBy(() -> tree(MemoryFiles.usual().link("/x", "/y").link("/y", "x")).bind(host, "/x", false, false))
                .isInstanceOf(UserException.class).hasMessageContaining("leads nowhere");
    }

    @Test
    void noPathLeadsOutOfTheContainer() throws Exception {
        ContainerTree tree = tree(MemoryFiles.usual().link("/out", "../../../../etc/hosts"));
        assertThat(tree.find("/out").path()).isEqualTo("/etc/hosts");
        assertThat(tree.find("/../../tmp").path()).isEqualTo("/tmp");
    }

    @Test
    void knowsWhatOfTheHostItShows() throws Exception {
        Path inner = Files.createDirectories(host.resolve("a/b"));
        ContainerTree tree = tree(MemoryFiles.usual());
        assertThat(tree.shows("/tmp", host)).isFalse();
        tree.bind(host, "/tmp", false, false);
        assertThat(tree.shows("/tmp", host)).isTrue();
        assertThat(tree.shows("/tmp/a/b", inner)).isTrue();
        assertThat(tree.shows("/tmp/a", inner)).isFalse();
        assertThat(tree.shows("/etc", Path.of("/etc"))).isFalse();
    }
}
