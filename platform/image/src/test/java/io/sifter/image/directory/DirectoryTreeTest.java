package io.sifter.image.directory;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.event.Event;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import io.sifter.testkit.Peers;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DirectoryTreeTest {
    private final List<Event> events = new ArrayList<>();
    private Path top;

    @BeforeEach
    void makeDirectory() throws IOException {
        top = Files.createTempDirectory("tree");
    }

    @AfterEach
    void removeDirectory() throws IOException {
        int parent = LinuxFiles.openDirectory(top.getParent());
        try {
            Removal.remove(parent, top.getFileName().toString());
        } finally {
            LinuxFiles.close(parent);
        }
        assertThat(top).doesNotExist();
    }

    @Test
    void attributesAreThoseOfTheInode() throws Exception {
        Path file = Files.writeString(top.resolve("file"), "content");
        Files.setAttribute(file, "unix:mode", 04751);
        Files.setLastModifiedTime(file, FileTime.from(Instant.ofEpochSecond(12_345, 999_999_999)));
        Files.setPosixFilePermissions(top, PosixFilePermissions.fromString("rwx--x---"));

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            RegularFile read = (RegularFile) tree.root().children().get("file");
            assertThat(read.attributes().mode()).isEqualTo(04751);
            assertThat(read.attributes().mtime()).isEqualTo(12_345);
            assertThat(read.attributes().uid()).isEqualTo(((Number) Files.getAttribute(file, "unix:uid")).longValue());
            assertThat(read.content().size()).isEqualTo(7);
            assertThat(tree.root().attributes().mode()).isEqualTo(0710);
        }
        assertThat(events).isEmpty();
    }

    @Test
    void everyKindOfFileIsRead() throws Exception {
        Peers.root();
        int directory = LinuxFiles.openDirectory(top);
        try {
            LinuxFiles.makeNode(directory, "block", LinuxFiles.Type.BLOCK_DEVICE, 0xFFF, 0xFFFFF);
            LinuxFiles.makeNode(directory, "character", LinuxFiles.Type.CHARACTER_DEVICE, 1, 3);
            LinuxFiles.makeNode(directory, "pipe", LinuxFiles.Type.FIFO, 0, 0);
            LinuxFiles.makeNode(directory, "socket", LinuxFiles.Type.SOCKET, 0, 0);
            LinuxFiles.changeOwner(directory, "pipe", 4_294_967_294L, 70_000);
            LinuxFiles.setXattr(directory, "block", "trusted.note", "x".getBytes(StandardCharsets.US_ASCII));
        } finally {
            LinuxFiles.close(directory);
        }

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            Device block = (Device) tree.root().children().get("block");
            assertThat(block.block()).isTrue();
            assertThat(block.major()).isEqualTo(0xFFF);
            assertThat(block.minor()).isEqualTo(0xFFFFF);
            assertThat(block.attributes().xattrs()).containsOnlyKeys("trusted.note");
            assertThat(((Device) tree.root().children().get("character")).block()).isFalse();
            Special pipe = (Special) tree.root().children().get("pipe");
            assertThat(pipe.kind()).isEqualTo(Special.Kind.FIFO);
            assertThat(pipe.attributes().uid()).isEqualTo(4_294_967_294L);
            assertThat(((Special) tree.root().children().get("socket")).kind()).isEqualTo(Special.Kind.SOCKET);
        }
    }

    @Test
    void hardLinksAreOneNode() throws Exception {
        Files.writeString(top.resolve("one"), "x");
        Files.createDirectory(top.resolve("sub"));
        Files.createLink(top.resolve("sub/two"), top.resolve("one"));
        Files.writeString(top.resolve("other"), "x");

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            Directory sub = (Directory) tree.root().children().get("sub");
            assertThat(sub.children().get("two")).isSameAs(tree.root().children().get("one"));
            assertThat(tree.root().children().get("other")).isNotSameAs(tree.root().children().get("one"));
        }
    }

    @Test
    void linksAreReadAndNotFollowed() throws Exception {
        Files.createSymbolicLink(top.resolve("out"), Path.of("/etc"));

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            assertThat(((Symlink) tree.root().children().get("out")).target()).isEqualTo("/etc");
        }
    }

    @Test
    void namesAreBytes() throws Exception {
        String name = "caf\u00e9\u00ff \n\u0001";
        int directory = LinuxFiles.openDirectory(top);
        try {
            LinuxFiles.close(LinuxFiles.createFile(directory, name, 0644));
            LinuxFiles.makeSymlink(directory, "link", name);
        } finally {
            LinuxFiles.close(directory);
        }

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            assertThat(tree.root().children()).containsOnlyKeys(name, "link");
            assertThat(((Symlink) tree.root().children().get("link")).target()).isEqualTo(name);
        }
    }

    @Test
    void aPathOfTheUserIsTheSameBytesToTheKernel() throws Exception {
        Path odd = Files.createDirectory(top.resolve("100% #?;+ a"));
        Files.createFile(odd.resolve("in"));

        try (DirectoryTree tree = DirectoryTree.open(odd, events::add)) {
            assertThat(tree.root().children()).containsOnlyKeys("in");
        }
        assertThat(LinuxFiles.rawName(odd)).isEqualTo("100% #?;+ a");
    }

    @Test
    void aFileThatWasWrittenToSinceIsAnError() throws Exception {
        Path file = Files.writeString(top.resolve("file"), "before");
        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            RegularFile read = (RegularFile) tree.root().children().get("file");
            pause();
            Files.writeString(file, "after!");

            assertThatThrownBy(() -> read.content().open()).isInstanceOf(ExternalException.class)
                    .hasMessageContaining("/file in " + top).hasMessageContaining("changed while it was read");
        }
    }

    @Test
    void aFileThatChangesUnderTheReaderIsAnError() throws Exception {
        Path file = Files.write(top.resolve("file"), new byte[1000]);
        try (DirectoryTree tree = DirectoryTree.open(top, events::add);
                InputStream in = ((RegularFile) tree.root().children().get("file")).content().open()) {
            assertThat(in.readNBytes(500)).hasSize(500);
            pause();
            Files.write(file, new byte[1], StandardOpenOption.APPEND);

            assertThatThrownBy(in::readAllBytes).isInstanceOf(ExternalException.class).hasMessageContaining("changed");
        }
    }

    @Test
    void aFileThatBecomesShorterIsAnError() throws Exception {
        Path file = Files.write(top.resolve("file"), new byte[1000]);
        try (DirectoryTree tree = DirectoryTree.open(top, events::add);
                InputStream in = ((RegularFile) tree.root().children().get("file")).content().open()) {
            Files.write(file, new byte[10]);

            assertThatThrownBy(in::readAllBytes).isInstanceOf(ExternalException.class).hasMessageContaining("changed");
        }
    }

    @Test
    void aParentThatBecameALinkIsNotFollowed() throws Exception {
        Path outside = Files.createTempDirectory("outside");
        Files.writeString(outside.resolve("secret"), "secret");
        Path sub = Files.createDirectory(top.resolve("sub"));
        Files.writeString(sub.resolve("secret"), "public");
        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            RegularFile file = (RegularFile) ((Directory) tree.root().children().get("sub")).children().get("secret");
            Files.delete(sub.resolve("secret"));
            Files.delete(sub);
            Files.createSymbolicLink(sub, outside);

            assertThatThrownBy(() -> file.content().open()).isInstanceOf(ExternalException.class).hasMessageContaining("changed");
        } finally {
            Files.delete(outside.resolve("secret"));
            Files.delete(outside);
        }
    }

    @Test
    void aFileThatBecameAPipeDoesNotHoldTheReaderUp() throws Exception {
        Path file = Files.writeString(top.resolve("file"), "x");
        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            Files.delete(file);
            int directory = LinuxFiles.openDirectory(top);
            try {
                LinuxFiles.makeNode(directory, "file", LinuxFiles.Type.FIFO, 0, 0);
            } finally {
                LinuxFiles.close(directory);
            }

            assertThatThrownBy(() -> ((RegularFile) tree.root().children().get("file")).content().open())
                    .isInstanceOf(ExternalException.class).hasMessageContaining("changed");
        }
    }

    @Test
    void contentOfAClosedTreeIsUnreadable() throws Exception {
        Files.writeString(top.resolve("file"), "x");
        DirectoryTree tree = DirectoryTree.open(top, events::add);
        tree.close();
        tree.close();

        assertThatThrownBy(() -> ((RegularFile) tree.root().children().get("file")).content().open())
                .isInstanceOf(IOException.class).hasMessageContaining("closed");
    }

    @Test
    void timesOutOfRangeAreBroughtIntoItWithOneWarning() throws Exception {
        for (String name : List.of("old", "older")) {
            Files.setLastModifiedTime(Files.createFile(top.resolve(name)), FileTime.from(Instant.ofEpochSecond(-5)));
        }

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            assertThat(tree.root().children().get("old").attributes().mtime()).isZero();
        }
        assertThat(events).singleElement().asString().contains("2 modification times");
    }

    @Test
    void extendedAttributesOfUsersAreKept() throws Exception {
        Files.createFile(top.resolve("file"));
        int directory = LinuxFiles.openDirectory(top);
        try {
            LinuxFiles.setXattr(directory, "file", "user.\u00e9", new byte[] {0, (byte) 0xFF});
            LinuxFiles.setXattr(directory, "file", "user.empty", new byte[0]);
        } catch (LinuxFiles.Failure e) {
            Peers.need(false, "no extended attributes here: " + e.getMessage());
        } finally {
            LinuxFiles.close(directory);
        }

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            var xattrs = tree.root().children().get("file").attributes().xattrs();
            assertThat(xattrs).containsOnlyKeys("user.\u00e9", "user.empty");
            assertThat(xattrs.get("user.\u00e9")).containsExactly(0, 0xFF);
        }
    }

    @Test
    void directoriesDeeperThanTheWayBackAreReadOnceEach() throws Exception {
        int at = LinuxFiles.openDirectory(top);
        for (int i = 0; i < 1500; i++) {
            LinuxFiles.makeDirectory(at, "down", 0755);
            LinuxFiles.makeDirectory(at, "a", 0755);
            LinuxFiles.makeDirectory(at, "z", 0755);
            int next = LinuxFiles.openDirectory(at, "down");
            LinuxFiles.close(at);
            at = next;
        }
        LinuxFiles.close(at);

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            int depth = 0;
            Directory directory = tree.root();
            while (directory.children().get("down") instanceof Directory down) {
                assertThat(directory.children()).containsOnlyKeys("a", "down", "z");
                directory = down;
                depth++;
            }
            assertThat(depth).isEqualTo(1500);
        }
    }

    @Test
    void manyFilesInOneDirectoryAreAllListed() throws Exception {
        for (int i = 0; i < 5000; i++) {
            Files.createFile(top.resolve("a-rather-long-name-of-a-file-" + i));
        }

        try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
            assertThat(tree.root().children()).hasSize(5000);
        }
    }

    @Test
    void noDescriptorIsLeftOpen() throws Exception {
        Files.writeString(Files.createDirectories(top.resolve("a/b/c")).resolve("file"), "x");
        long before = descriptors();
        for (int i = 0; i < 50; i++) {
            try (DirectoryTree tree = DirectoryTree.open(top, events::add)) {
                Directory c = (Directory) ((Directory) ((Directory) tree.root().children().get("a")).children().get("b")).children().get("c");
                try (InputStream in = ((RegularFile) c.children().get("file")).content().open()) {
                    assertThat(in.read()).isEqualTo('x');
                    assertThat(in.read()).isEqualTo(-1);
                }
            }
        }

        assertThat(descriptors()).isLessThan(before + 20);
    }

    @Test
    void whatIsNoDirectoryIsNamed() throws Exception {
        Path file = Files.createFile(top.resolve("file"));

        assertThatThrownBy(() -> DirectoryTree.open(file, events::add)).isInstanceOf(ExternalException.class).hasMessageContaining(file.toString());
        assertThatThrownBy(() -> DirectoryTree.open(top.resolve("none"), events::add)).isInstanceOf(ExternalException.class)
                .hasMessageContaining("none").hasMessageContaining("No such file");
    }

    private static long descriptors() throws IOException {
        try (var all = Files.list(Path.of("/proc/self/fd"))) {
            return all.count();
        }
    }

    /** The kernel's clock for files ticks every few milliseconds. */
    private static void pause() throws InterruptedException {
        Thread.sleep(30);
    }
}
