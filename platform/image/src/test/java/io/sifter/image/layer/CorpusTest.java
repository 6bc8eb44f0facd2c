package io.sifter.image.layer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.tree.FileTree;
import io.sifter.testkit.TarLayer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What layers mean, case by case. Entries are written {@code f=content}, {@code d/}, {@code s→target}, {@code h⇒target},
 * {@code !n} for a whiteout, {@code !!} for an opaque directory; results as {@link Packs#show} shows them.
 */
class CorpusTest {
    @TempDir
    private Path directory;

    /** @param warnings how many; a refusal has {@link #REFUSED} */
    private record Case(String title, List<TarLayer> layers, int warnings, String expected) {
        static final int REFUSED = -1;

        @Override
        public String toString() {
            return title;
        }
    }

    @ParameterizedTest
    @MethodSource({"ordinary", "whiteouts", "hardLinks", "metadata", "hostile"})
    void layersMeanWhatTheSpecificationSays(Case given) throws Exception {
        try (Packs packs = new Packs(directory)) {
            if (given.warnings == Case.REFUSED) {
                assertThatThrownBy(() -> packs.merge(given.layers).close()).isInstanceOfSatisfying(SifterException.class, e -> {
                    assertThat(e).isInstanceOf(CorruptDataException.class).hasMessageContaining(given.expected);
                    assertThat(e.getMessage()).matches("(?s)[\\x20-\\x7E\\xA0-\\uFFFF]*");
                });
            } else {
                try (FileTree tree = packs.merge(given.layers)) {
                    assertThat(Packs.show(tree)).isEqualTo(given.expected);
                }
                assertThat(packs.warnings()).as("warnings").hasSize(given.warnings);
            }
        }
    }

    static Stream<Case> ordinary() {
        return Stream.of(
                tree("1 a file replaces a file", "a=2", layer("a=1"), layer("a=2")),
                tree("2 a directory gives its attributes to the one below", "d/ 5:0, d/x=1",
                        TarLayer.with().directory("d").mode(0700).file("d/x", "1"), TarLayer.with().directory("d").owner(5, 0)),
                tree("3 a file replaces a directory with all it holds", "d=file", layer("d/", "d/x=1"), layer("d=file")),
                tree("4 a directory replaces a file", "d/, d/x=1", layer("d=file"), layer("d/", "d/x=1")),
                tree("5 a link replaces a directory", "d→e", layer("d/", "d/x=1"), layer("d→e")),
                warned("6 a directory replaces a link to a directory", "d/, d/y=2, e/, e/x=1",
                        layer("d→e", "e/", "e/x=1"), layer("d/", "d/y=2")),
                tree("7 an entry is written through a link", "d→e, e/, e/y=2", layer("d→e", "e/"), layer("d/y=2")),
                tree("8 absolute links start at the image's root", "d→/e, e/, e/y=2", layer("d→/e", "e/"), layer("d/y=2")),
                warned("9 what a link leads to is created", "d→missing, missing/, missing/y=2", layer("d→missing"), layer("d/y=2")),
                tree("10 parents need no entry", "x/, x/y/, x/y/z=1", layer("x/y/z=1")),
                tree("11 a lower parent keeps its attributes", "x/ 0711 7:0, x/y=1",
                        TarLayer.with().directory("x").mode(0711).owner(7, 0), layer("x/y=1")),
                tree("12 a parent may be described after its children", "x/ 0700, x/y=1",
                        TarLayer.with().file("x/y", "1").directory("x").mode(0700)),
                tree("13 the root has attributes", "/ 0750 9:0 @7, a=1",
                        TarLayer.with().directory("./").mode(0750).owner(9, 0).mtime(7), layer("a=1")),
                tree("14 the root needs no entry", "a=1", layer("a=1")),
                tree("15 names are cleaned", "abs/, abs/a=1, b=2, c/, c/d/, c/d/e=3", layer("/abs/a=1", "./b=2", "c//d/./e=3")),
                warned("16 of two equal names the last counts", "a=2", layer("a=1", "a=2")),
                warned("17 of two equal names the last counts, whatever it is", "d=file", layer("d/", "d=file")),
                tree("18 a directory's attributes are replaced all at once", "d/",
                        TarLayer.with().directory("d").xattr("user.k", "1"), layer("d/")),
                tree("19 the same layer twice is the same as once", "d/, d/f=1 x2, d/h=1 x2, s→d",
                        layer("d/", "d/f=1", "d/h⇒d/f", "s→d"), layer("d/", "d/f=1", "d/h⇒d/f", "s→d")),
                tree("20 empty layers change nothing", "a=1", layer("a=1"), layer(), TarLayer.with().trailer(new byte[0])),
                tree("22 names are ordered by bytes", "A=, a=, a-=, a.=, a0=, aa=, ~=, \u00C3\u00A9=, \u00FF=",
                        layer("\u00FF=", "~=", "\u00C3\u00A9=", "aa=", "a0=", "a.=", "a-=", "a=", "A=")));
    }

    static Stream<Case> whiteouts() {
        return Stream.of(
                tree("23 a file is hidden", "a/, a/b/, a/b/bar=", layer("a/", "a/b/", "a/b/foo="), layer("a/b/!foo", "a/b/bar=")),
                tree("24 a directory is hidden", "a/, a/bar=", layer("a/", "a/b/", "a/b/foo="), layer("a/!b", "a/bar=")),
                tree("25 an opaque directory hides what is below", "a/, a/bar=", layer("a/", "a/b/", "a/b/foo="), layer("a/!!", "a/bar=")),
                tree("26 wherever the marker stands", "a/, a/bar=", layer("a/", "a/b/", "a/b/foo="), layer("a/bar=", "a/!!")),
                tree("27 the example of the specification", "a/, a/b/, a/b/c/, a/b/c/foo=",
                        layer("a/", "a/b/", "a/b/c/", "a/b/c/bar="), layer("a/", "a/b/", "a/b/c/", "a/b/c/foo=", "a/!!")),
                tree("28 a whiteout spares its own layer", "x=2", layer("x=1"), layer("!x", "x=2")),
                tree("28 in either order", "x=2", layer("x=1"), layer("x=2", "!x")),
                tree("29 a directory begins anew", "d/, d/new=", TarLayer.with().directory("d").mode(0700).file("d/old", ""), layer("d/new=", "!d")),
                tree("29 in either order", "d/, d/new=", TarLayer.with().directory("d").mode(0700).file("d/old", ""), layer("!d", "d/new=")),
                tree("29 with its own attributes", "d/ 0711, d/new=", layer("d/", "d/old="),
                        TarLayer.with().file("d/new", "").whiteout("d").directory("d").mode(0711)),
                tree("30 what was hidden may come back", "x=3", layer("x=1"), layer("!x"), layer("x=3")),
                tree("31 the upper layer wins", "", layer("x=1"), layer("x=2"), layer("!x")),
                tree("32 whiteouts above whiteouts", "a/", layer("a/", "a/b=1"), layer("!a", "a/b=2"), layer("a/!b")),
                tree("33 each whiteout hides what lies below its own layer", "", layer("p=0"), layer("p=1", "!p"), layer("!p")),
                tree("34 nothing can be hidden", "a=1", layer("a=1"), layer("!nothing", "no/such/!thing", "a/!x")),
                tree("35 the root can be opaque", "b=1", layer("a/", "a/x="), layer("!!", "b=1")),
                refused("36 a whiteout needs a name", "'.wh.' is a whiteout of nothing", layer("!")),
                refused("37 a directory does not hide itself", "'d/.wh..' is a whiteout of nothing", layer("d/!.")),
                refused("37 nor its parent", "'d/.wh...' is a whiteout of nothing", layer("d/!..")),
                warned("38 a whiteout may be a directory", "a=", layer("a=", "x=1"), TarLayer.with().directory(".wh.x")),
                warned("38 or a link", "a=", layer("a=", "x=1"), TarLayer.with().symlink(".wh.x", "a")),
                warned("38 or have content", "a=", layer("a=", "x=1"), layer(".wh.x=content")),
                tree("39 leftovers of AUFS vanish, but keep the bodies of links", "d/, d/a=body x2, d/b=body x2",
                        TarLayer.with().file(".wh..wh.aufs", "").directory(".wh..wh.orph").directory(".wh..wh.plnk").file(".wh..wh.plnk/9.1", "body")
                                .directory("d").hardLink("d/a", "/.wh..wh.plnk/9.1").hardLink("d/b", ".wh..wh.plnk/9.1").file("d/.wh..wh.other", "")),
                warned("39 whose order does not matter", "d/, d/a=body",
                        TarLayer.with().directory("d").hardLink("d/a", "/.wh..wh.plnk/9.1").file(".wh..wh.plnk/9.1", "body")),
                refused("39 and which must be there", "'d/a' is a hard link to '.wh..wh.plnk/9.1', which does not exist",
                        TarLayer.with().directory("d").hardLink("d/a", ".wh..wh.plnk/9.1")),
                tree("40 a whiteout works through a link", "d/, s→d", layer("s→d", "d/", "d/x="), layer("s/!x")),
                tree("40 and through one that the same layer hides", "d/", layer("s→d", "d/", "d/x="), layer("!s", "s/!x")),
                tree("41 hiding a link spares its target", "d/, d/x=", layer("s→d", "d/", "d/x="), layer("!s")),
                warned("42 an opaque directory replaces a file", "a/", layer("a=file"), layer("a/!!")),
                tree("42 or comes out of nothing", "a/, a/b/", layer(), layer("a/b/!!")));
    }

    static Stream<Case> hardLinks() {
        return Stream.of(
                tree("43 two names, one inode", "bar=1 x2, foo=1 x2", layer("foo=1", "bar⇒foo")),
                tree("44 across layers", "bar=1 x2, foo=1 x2", layer("foo=1"), layer("bar⇒foo")),
                tree("45 a link outlives its target, with the target's attributes", "bar=1 0640",
                        TarLayer.with().file("foo", "1").mode(0640).hardLink("bar", "foo").mode(0777).owner(9, 9), layer("!foo")),
                tree("46 links to links", "bar=1 x2, baz=1 x2", layer("foo=1", "bar⇒foo"), layer("baz⇒bar", "!foo")),
                tree("47 links to links, one hidden later", "baz=1 x2, foo=1 x2", layer("foo=1", "bar⇒foo"), layer("baz⇒bar"), layer("!bar")),
                tree("48 a new file takes one name only", "bar=1, foo=2", layer("foo=1", "bar⇒foo"), layer("foo=2")),
                tree("49 a link is bound when it stands: before the new file", "bar=1, foo=2", layer("foo=1"), layer("bar⇒foo", "foo=2")),
                tree("50 and after it", "bar=2 x2, foo=2 x2", layer("foo=1"), layer("foo=2", "bar⇒foo")),
                warned("51 the target may follow", "l=1 x2, t=1 x2", layer("l⇒t", "t=1")),
                warned("51 links to links that wait", "a=1 x4, b=1 x4, c=1 x4, d=1 x4", 3, layer("a⇒b", "b⇒c", "c⇒d", "d=1")),
                warned("51 in the other order", "a=1 x4, b=1 x4, c=1 x4, d=1 x4", 3, layer("b⇒c", "c⇒d", "a⇒b", "d=1")),
                warned("51 a name that waits is no longer what it was", "l=1 x2, t=1 x2", layer("l=old"), layer("l⇒t", "t=1")),
                tree("51 and a later entry of that name wins", "l=2, t=1", layer("l⇒t", "l=2", "t=1")),
                refused("52 the target must exist", "'l' is a hard link to 'missing', which does not exist", layer("l⇒missing")),
                refused("52 even if it did in a lower layer", "'l' is a hard link to 'gone'", layer("gone=1"), layer("!gone"), layer("l⇒gone")),
                tree("53 a link to a link is that link", "h→t x2, s→t x2, t=", layer("t=", "s→t", "h⇒s")),
                tree("54 attributes stay with the inode", "b=1 {user.k=v}",
                        TarLayer.with().file("a", "1").xattr("user.k", "v").hardLink("b", "a"), layer("!a")),
                tree("55 targets are cleaned like names", "h= x3, h2= x3, usr/, usr/f= x3", layer("usr/", "usr/f=", "h⇒/usr/f", "h2⇒./usr//f")),
                tree("56 targets may be long", "l=1 x2, n/, n/" + "x".repeat(180) + "=1 x2",
                        layer("n/" + "x".repeat(180) + "=1", "l⇒n/" + "x".repeat(180))),
                refused("57 not to a directory", "'h' is a hard link to a directory: 'd'", layer("d/", "h⇒d")),
                refused("57 not to the root", "'h' is a hard link to the root", layer("h⇒.")),
                refused("57 not to itself", "'h' is a hard link to itself", layer("h=1", "h⇒h")),
                refused("57 not even before it exists", "'h' is a hard link to itself", layer("h⇒h")),
                refused("57 not through a link", "'h' is a hard link to itself", layer("h=1"), layer("s→.", "h⇒s/h")),
                refused("57 not in a circle", "is a hard link to", layer("a⇒b", "b⇒a")),
                tree("58 devices have names, too", "dev/, dev/a c 1:3 x2, dev/b c 1:3 x2",
                        TarLayer.with().directory("dev").characterDevice("dev/a", 1, 3).hardLink("dev/b", "dev/a")));
    }

    static Stream<Case> metadata() {
        return Stream.of(
                tree("60 long names", "d/, d/" + "p".repeat(200) + "=1, d/" + "q".repeat(200) + "=2",
                        TarLayer.with().file("d/" + "p".repeat(200), "1").file("d/" + "q".repeat(200), "2").gnu()),
                tree("61 the comment of git archive is no news", "a=1", TarLayer.with().global("comment", "x").file("a", "1")),
                warned("61 other global records are", "a=1", TarLayer.with().global("uid", "5").file("a", "1")),
                tree("62 extended attributes", "f= {security.capability=\u0001\u0000\n=,user.a=\u0000\u0001}",
                        TarLayer.with().file("f", "").xattr("security.capability", "\u0001\u0000\n=").pax("LIBARCHIVE.xattr.user.a", "AAE=")),
                warned("63 those that SquashFS cannot hold", "f=", TarLayer.with().file("f", "").xattr("system.posix_acl_access", "x")),
                tree("64 those that belong to another machine", "f= {user.k=v}", TarLayer.with().file("f", "")
                        .xattr("security.selinux", "x").xattr("trusted.overlay.opaque", "y").xattr("user.overlay.redirect", "z")
                        .xattr("user.rootlesscontainers", "r").xattr("system.nfs4_acl", "n").xattr("user.k", "v")),
                warned("64 those in user.* on a link", "s→t {trusted.k=v}", TarLayer.with().symlink("s", "t").xattr("user.k", "v").xattr("trusted.k", "v")),
                tree("65 large owners", "f= 4294967294:2147483648, g= 2147483648:4294967294",
                        TarLayer.with().file("f", "").owner(4294967294L, 2147483648L).file("g", "").gnu().owner(2147483648L, 4294967294L)),
                refused("66 owners out of range", "uid is out of range", TarLayer.with().file("f", "").pax("uid", "-1")),
                refused("66 owners out of range above", "gid is out of range", TarLayer.with().file("f", "").pax("gid", "4294967296")),
                tree("67 times", "a=, b= @4294967295, c= @4294967295, d= @1", TarLayer.with().file("a", "").pax("mtime", "-5.5")
                        .file("b", "").pax("mtime", "4294967295").file("c", "").pax("mtime", "99999999999").file("d", "").pax("mtime", "1.9")),
                tree("68 odd names", "\n\u001b[31m=, \u00FF=", layer("\n\u001b[31m=", "\u00FF=")),
                refused("68 are escaped in messages", "'\\x0A\\x1B' is a hard link", layer("\n\u001b⇒missing")),
                refused("69 NUL in names", "contains NUL", TarLayer.with().file("f", "").pax("path", "a\0b")),
                tree("70 names of 255 bytes", "n".repeat(255) + "=", layer("n".repeat(255) + "=")),
                refused("70 names of 256 bytes", "has a component that no file system takes", layer("n".repeat(256) + "=")),
                tree("93 devices", "dev/, dev/null c 1:74565, dev/sda b 8:0",
                        TarLayer.with().directory("dev").blockDevice("dev/sda", 8, 0).characterDevice("dev/null", 1, 74565)),
                warned("93 devices elsewhere", "sda b 8:0", TarLayer.with().blockDevice("sda", 8, 0)),
                refused("93 devices out of range", "is device 4096:0, out of range", TarLayer.with().blockDevice("dev/x", 4096, 0)),
                tree("94 setuid stays", "f= 6755", TarLayer.with().file("f", "").mode(06755)),
                tree("links have one mode, pipes have theirs", "p FIFO 0600, s→t", TarLayer.with().fifo("p").mode(0600).symlink("s", "t").mode(0644)));
    }

    static Stream<Case> hostile() {
        String chain = "chain";
        List<String> links = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            links.add(chain + i + "→" + chain + (i + 1));
        }
        String[] forty = Stream.concat(links.stream(), Stream.of(chain + "50/", chain + "10/x=")).toArray(String[]::new);
        String[] fortyOne = Stream.concat(links.stream(), Stream.of(chain + "50/", chain + "9/x=")).toArray(String[]::new);
        return Stream.of(
                refused("79 no way out", "'../x' climbs out of the root", layer("../x=")),
                refused("79 no way out from inside", "'a/../../x' climbs out of the root", layer("a/../../x=")),
                warned("80 but a way up", "b=", layer("a/../b=")),
                tree("81 links lead into the image only", "e→/etc, etc/, etc/passwd=evil", layer("etc/", "e→/etc", "e/passwd=evil")),
                warned("81 even if nothing is there", "e→/etc, etc/, etc/passwd=evil", layer("e→/etc", "e/passwd=evil")),
                warned("82 links that climb are clamped", "e→../../.., x=", 3, layer("e→../../..", "e/x=")),
                refused("83 targets stay inside", "has a target that climbs out of the root: '../../etc/shadow'", layer("h⇒../../etc/shadow")),
                refused("84 and are found inside", "'h' is a hard link to 'e/shadow', which does not exist", layer("e→/etc", "h⇒e/shadow")),
                tree("84 or are there", "e→/etc, etc/, etc/shadow=x x2, h=x x2", layer("etc/", "etc/shadow=x", "e→/etc", "h⇒e/shadow")),
                refused("85 circles", "'a/x' lies behind more than 40 symbolic links", layer("a→b", "b→a", "a/x=")),
                refused("85 a link to itself", "'a/x' lies behind more than 40 symbolic links", layer("a→a", "a/x=")),
                refused("86 41 links in a row", "'chain9/x' lies behind more than 40 symbolic links", layer(fortyOne)),
                refused("95 the root is no link", "would make the root something else than a directory", layer("./→x")),
                refused("95 the root is no file", "would make the root something else than a directory", TarLayer.with().file(".", "x")),
                refused("96 other volumes", "continues from another volume", TarLayer.with().entry('M', "m")),
                refused("96 unknown types", "unknown entry type 'Q'", TarLayer.with().entry('Q', "q")),
                refused("97 nothing is in a whiteout", "'.wh..wh..opq/x' lies in a whiteout", layer(".wh..wh..opq/x=")),
                refused("97 nothing at all", "'d/.wh.x/y' lies in a whiteout", layer("d/.wh.x/y=")),
                refused("a file of the same layer is no directory", "'a/b' lies in 'a', which the same layer makes something else", layer("a=", "a/b=")),
                warned("a file of a lower layer gives way", "a/, a/b=", layer("a="), layer("a/b=")),
                refused("a link needs a target", "is a symbolic link with a target of 0 bytes", layer("s→")),
                refused("a target has bounds", "is a symbolic link with a target of 4096 bytes", layer("s→" + "t".repeat(4096))),
                new Case("86 40 links in a row", List.of(layer(forty)), 0, Stream.concat(
                        links.stream(), Stream.of(chain + "50/", chain + "50/x="))
                        .sorted((l, r) -> name(l).compareTo(name(r))).reduce((l, r) -> l + ", " + r).orElseThrow()));
    }

    private static String name(String entry) {
        return entry.split("[→=]")[0].replaceAll("/$", "");
    }

    private static Case tree(String title, String expected, TarLayer... layers) {
        return new Case(title, List.of(layers), 0, expected);
    }

    private static Case warned(String title, String expected, TarLayer... layers) {
        return new Case(title, List.of(layers), 1, expected);
    }

    private static Case warned(String title, String expected, int warnings, TarLayer... layers) {
        return new Case(title, List.of(layers), warnings, expected);
    }

    private static Case refused(String title, String message, TarLayer... layers) {
        return new Case(title, List.of(layers), Case.REFUSED, message);
    }

    static TarLayer layer(String... entries) {
        TarLayer layer = TarLayer.with();
        Arrays.stream(entries).map(CorpusTest::entry).forEach(add -> add.accept(layer));
        return layer;
    }

    private static Consumer<TarLayer> entry(String text) {
        int slash = text.lastIndexOf('/') + 1;
        if (text.contains("→")) {
            return layer -> layer.symlink(text.substring(0, text.indexOf('→')), text.substring(text.indexOf('→') + 1));
        }
        if (text.contains("⇒")) {
            return layer -> layer.hardLink(text.substring(0, text.indexOf('⇒')), text.substring(text.indexOf('⇒') + 1));
        }
        if (text.contains("=")) {
            return layer -> layer.file(text.substring(0, text.indexOf('=')), text.substring(text.indexOf('=') + 1));
        }
        if (text.startsWith("!!", slash)) {
            return layer -> layer.opaque(text.substring(0, Math.max(0, slash - 1)));
        }
        if (text.startsWith("!", slash)) {
            return layer -> layer.whiteout(text.substring(0, slash) + text.substring(slash + 1));
        }
        if (text.endsWith("/")) {
            return layer -> layer.directory(text);
        }
        throw new IllegalArgumentException(text);
    }
}
