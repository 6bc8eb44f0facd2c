package io.sifter.sink.sandbox;

import io.sifter.spi.ImageSettings;
import io.sifter.spi.SinkOptions;
import io.sifter.spi.reference.Platform;
import io.sifter.spi.tree.Attributes;
import io.sifter.spi.tree.Compression;
import io.sifter.spi.tree.Content;
import io.sifter.spi.tree.Device;
import io.sifter.spi.tree.Directory;
import io.sifter.spi.tree.FileTree;
import io.sifter.spi.tree.Node;
import io.sifter.spi.tree.RegularFile;
import io.sifter.spi.tree.Special;
import io.sifter.spi.tree.Symlink;
import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.time.Instant;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.UUID;

/** Trees to write. */
final class Samples {
    static final ImageSettings SETTINGS = new ImageSettings("bootstrap: scratch\n", new byte[0], Optional.empty(),
            Platform.linux("amd64"), Instant.EPOCH, new UUID(1, 2));
    static final SinkOptions OPTIONS = options(false);
    /** cap_net_raw, permitted and effective, as the kernel keeps it. */
    static final byte[] CAPABILITY = HexFormat.of().parseHex("0100000200200000000000000000000000000000");

    private Samples() {}

    static SinkOptions options(boolean allRoot) {
        return new SinkOptions(new Compression(Compression.Codec.GZIP, 6, 131072), allRoot);
    }

    static Attributes attributes(int mode, long uid, long gid, long mtime) {
        return new Attributes(mode, uid, gid, mtime, Map.of());
    }

    static Directory directory() {
        return new Directory(Attributes.of(0755, 1_000_000));
    }

    static RegularFile file(String text) {
        return new RegularFile(Attributes.of(0644, 1_000_000), Content.of(text.getBytes()));
    }

    static FileTree tree(String name, Node node) {
        Directory root = directory();
        root.children().put(name, node);
        return FileTree.of(root);
    }

    /** One of everything that an image can hold. */
    static FileTree everything() {
        Directory root = new Directory(attributes(0751, 0, 0, 86_400));
        Directory locked = new Directory(new Attributes(0500, 1000, 100, 5, Map.of("user.note", "x".getBytes())));
        locked.children().put("inside", new RegularFile(attributes(0400, 1000, 100, 6), Content.of("locked".getBytes())));
        locked.children().put("nothing", new Directory(attributes(0, 1000, 1000, 7)));
        root.children().put("locked", locked);
        root.children().put("sticky", new Directory(attributes(01777, 0, 0, 0xFFFF_FFFFL)));
        root.children().put("setgid", new Directory(attributes(02755, 0, 50, 8)));

        root.children().put("empty", new RegularFile(attributes(0644, 0, 0, 0), Content.of(new byte[0])));
        byte[] bytes = new byte[300_001];
        new Random(5).nextBytes(bytes);
        root.children().put("large", new RegularFile(attributes(0640, 4_000_000_000L, 70_000, 1_700_000_000), Content.of(bytes)));
        byte[] holes = new byte[1 << 20];
        holes[500_000] = 1;
        root.children().put("holes", new RegularFile(attributes(0600, 1, 2, 3), Content.of(holes)));
        root.children().put("su", new RegularFile(attributes(06755, 7, 8, 9), Content.of("#!".getBytes())));
        root.children().put("ping", new RegularFile(new Attributes(0755, 12, 13, 14,
                Map.of("security.capability", CAPABILITY, "user.empty", new byte[0], "user.long", new byte[2000])),
                Content.of("ping".getBytes())));

        Node twice = new RegularFile(new Attributes(0664, 1, 1, 20, Map.of("user.a", "b".getBytes())), Content.of("twice".getBytes()));
        root.children().put("first", twice);
        Directory elsewhere = new Directory(attributes(0555, 0, 0, 21));
        elsewhere.children().put("second", twice);
        root.children().put("elsewhere", elsewhere);
        Node linkTwice = new Symlink(attributes(0777, 3, 4, 22), "first");
        root.children().put("link1", linkTwice);
        root.children().put("link2", linkTwice);
        Node deviceTwice = new Device(attributes(0660, 0, 6, 23), true, 8, 1);
        root.children().put("sda1", deviceTwice);
        elsewhere.children().put("sda1", deviceTwice);

        root.children().put("null", new Device(attributes(0666, 0, 0, 24), false, 1, 3));
        root.children().put("far", new Device(attributes(0600, 0, 0, 24), true, 0xFFF, 0xFFFFF));
        root.children().put("pipe", new Special(attributes(0622, 1, 1, 25), Special.Kind.FIFO));
        root.children().put("socket", new Special(attributes(0755, 1, 1, 26), Special.Kind.SOCKET));
        root.children().put("out", new Symlink(attributes(0777, 9, 9, 27), "../../../../../etc"));
        root.children().put("long", new Symlink(attributes(0777, 0, 0, 28), "x".repeat(4095)));
        root.children().put("latin\u00e9\u00ff\u0001\n\\", new RegularFile(attributes(0644, 0, 0, 29), Content.of("raw".getBytes())));
        root.children().put("n".repeat(255), new RegularFile(attributes(0644, 0, 0, 30), Content.of("name".getBytes())));
        root.children().put(".links", new RegularFile(attributes(0644, 0, 0, 31), Content.of("mine".getBytes())));
        return FileTree.of(root);
    }

    static FileTree nested(int depth) {
        Directory root = directory();
        Directory at = root;
        for (int i = 0; i < depth; i++) {
            Directory next = new Directory(attributes(0755, 0, 0, i));
            at.children().put("directory-" + i % 10, next);
            at.children().put("file", file("level " + i));
            at = next;
        }
        return FileTree.of(root);
    }

    /** Content that is not what it says. */
    static Content lying(long stated, int real) {
        return new Content() {
            @Override
            public long size() {
                return stated;
            }

            @Override
            public InputStream open() {
                byte[] bytes = new byte[real];
                Arrays.fill(bytes, (byte) 7);
                return new ByteArrayInputStream(bytes);
            }
        };
    }
}
