package io.sifter.spi.launch;

import static org.assertj.core.api.Assertions.assertThat;

import io.sifter.spi.launch.TreeScript.Tools;
import io.sifter.spi.launch.Mount.Bind;
import io.sifter.spi.launch.Mount.Data;
import io.sifter.spi.launch.Mount.MakeDirectory;
import io.sifter.spi.launch.Mount.MakeFile;
import io.sifter.spi.launch.Mount.MakeSymlink;
import io.sifter.spi.launch.Mount.Tmpfs;
import java.nio.file.Path;
import java.util.List;
import java.util.OptionalLong;
import org.junit.jupiter.api.Test;

class TreeScriptTest {
    private static final String HOST = "22 1 254:0 / / rw - ext4 x rw\n23 22 0:1 / /srv rw,nosuid,noexec - nfs x rw\n24 23 0:2 / /srv/in rw,nodev - nfs x rw\n";

    private static String script(boolean privileged, Mount... mounts) {
        return new TreeScript(new Tools("MOUNT", "UMOUNT", "MKDIR", "LN"), privileged, HostMounts.parse(HOST), Path.of("/r"), Path.of("/s"))
                .of(List.of(mounts));
    }

    private static Bind bind(String source, String destination) {
        return new Bind(Path.of(source), destination, false, false);
    }

    @Test
    void oneProcessDoesAllMounts() {
        assertThat(script(false, bind("/image", "/"), bind("/proc", "/proc"), bind("/tmp", "/tmp"))).isEqualTo("""
                { printf '%s' '/image /r none rbind 0 0
                /proc /r/proc none rbind 0 0
                /tmp /r/tmp none rbind 0 0
                ' >"$s/table" && MOUNT -i -n -a -T "$s/table"; } || fail 'a mount failed'
                """);
    }

    @Test
    void whatMayFailIsTriedOnceAndTheRestAgain() {
        assertThat(script(false, bind("/image", "/"), new Bind(Path.of("/etc/hosts"), "/etc/hosts", false, true))).isEqualTo("""
                { printf '%s' '/image /r none rbind 0 0
                /etc/hosts /r/etc/hosts none rbind 0 0
                ' >"$s/table" && MOUNT -i -n -a -T "$s/table" 2>/dev/null; } ||
                { printf '%s' '/image /r none rbind 0 0
                ' >"$s/table" && MOUNT -i -n -a -T "$s/table"; } || fail 'a mount failed'
                """);
    }

    @Test
    void aReadOnlyBindKeepsTheRestrictionsThatMustNotBeLifted() {
        assertThat(script(false, new Bind(Path.of("/srv"), "/data", true, false)))
                .contains("/srv /r/data none rbind,ro,nosuid,noexec 0 0\n/srv/in /r/data/in none rbind,ro,nodev 0 0\n");
    }

    @Test
    void aPrivilegedCallersBindsAreRestricted() {
        assertThat(script(true, bind("/image", "/"), bind("/dev", "/dev"), bind("/srv", "/data"), new Bind(Path.of("/srv"), "/mnt", true, false)))
                .contains("/image /r none rbind,nodev 0 0", "/dev /r/dev none rbind,nosuid 0 0", "/srv /r/data none rbind,nosuid,nodev 0 0",
                        "/srv /r/mnt none rbind,ro,nosuid,nodev,noexec 0 0");
    }

    @Test
    void aDirectoryThatIsMountedOnIsMadeByMount() {
        assertThat(script(false, new Tmpfs("/home", 0755, OptionalLong.empty()), new MakeDirectory("/home/me", 0755), bind("/home/me", "/home/me")))
                .doesNotContain("MKDIR").contains("/home/me /r/home/me none rbind,x-mount.mkdir=0755 0 0");
    }

    @Test
    void directoriesFilesAndLinksAreMadeTogether() {
        assertThat(script(false, new Tmpfs("/", 0755, OptionalLong.empty()), new MakeDirectory("/a", 0755), new MakeSymlink("/bin", "usr/bin"),
                new MakeDirectory("/b c", 0755), new MakeSymlink("/lib", "usr/lib"), new MakeSymlink("/run", "var/other"), new Data("x", "/f")))
                .endsWith("""
                        MKDIR -p -m 755 -- '/r/a' '/r/b c' || fail 'no directory'
                        (umask 022 && printf %s 'x' >'/r/f') || fail 'no file'
                        links=
                        LN -s -T -- 'var/other' '/r/run' & links="$links $!"
                        LN -s -t '/r' -- 'usr/bin' 'usr/lib' || fail 'no symbolic link'
                        for link in $links; do wait "$link" || fail 'no symbolic link'; done
                        """);
    }

    @Test
    void noLinkIsFollowedToAFileThatIsMadeAmongOthers() {
        assertThat(script(false, bind("/image", "/"), bind("/tmp", "/tmp"), new MakeFile("/tmp/f"), bind("/w", "/tmp/f")))
                .contains("(umask 022 && { (set -C; : >'/r/tmp/f') 2>/dev/null || { [ -f '/r/tmp/f' ] && [ ! -L '/r/tmp/f' ]; }; }) || fail 'no file'");
        assertThat(script(false, new Tmpfs("/", 0755, OptionalLong.empty()), new MakeFile("/f"))).contains("(umask 022 && : >>'/r/f') || fail 'no file'");
    }

    @Test
    void dataOverAnImagesFileIsBound() {
        assertThat(script(false, bind("/image", "/"), new Data("it's", "/etc/passwd")))
                .contains("printf %s 'it'\\''s' >'/s/data1'", "/s/data1 /r/etc/passwd none bind 0 0");
    }

    @Test
    void namesCannotBreakOutOfTheirPlace() {
        assertThat(script(false, bind("/a b\n/etc /r/etc none", "/x'y")))
                .contains("/a\\040b\\012/etc\\040/r/etc\\040none /r/x'\\''y none rbind 0 0");
    }

    @Test
    void ownMountsThatABindBringsAlongAreTakenDown() {
        String script = new TreeScript(new Tools("MOUNT", "UMOUNT", "MKDIR", "LN"), false, HostMounts.parse(HOST), Path.of("/home/me/sifter/libexec/mnt/root"),
                Path.of("/home/me/sifter/libexec/mnt/session")).of(List.of(bind("/image", "/"), bind("/home/me", "/home/me")));
        assertThat(script).contains("UMOUNT -i -n -l '/home/me/sifter/libexec/mnt/root/home/me/sifter/libexec/mnt/image'");
    }
}
