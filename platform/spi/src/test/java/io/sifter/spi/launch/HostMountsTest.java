package io.sifter.spi.launch;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class HostMountsTest {
    private static final String MOUNTINFO = """
            22 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw
            23 22 0:21 / /proc rw,nosuid,nodev,noexec,relatime shared:2 - proc proc rw
            30 22 0:40 / /home rw,nosuid,noexec shared:3 - nfs4 server:/home rw
            31 30 0:41 / /home/a\\040b\\134c rw,nodev - tmpfs tmpfs rw
            32 30 0:42 / /home/hidden/inner rw - tmpfs tmpfs rw
            33 30 0:43 / /home/hidden ro,nosuid - tmpfs tmpfs rw
            """;

    @Test
    void aPathHasTheRestrictionsOfTheMountItLiesIn() {
        HostMounts mounts = HostMounts.parse(MOUNTINFO);
        assertThat(mounts.restrictions("/etc")).isEmpty();
        assertThat(mounts.restrictions("/proc/1")).isEqualTo(",nosuid,nodev,noexec");
        assertThat(mounts.restrictions("/home/user")).isEqualTo(",nosuid,noexec");
        assertThat(mounts.restrictions("/homes")).isEmpty();
        assertThat(mounts.restrictions("/home/a b\\c/x")).isEqualTo(",nodev");
    }

    @Test
    void mountsBelowAPathAreThoseThatCanBeSeen() {
        assertThat(HostMounts.parse(MOUNTINFO).below("/home")).extracting(HostMounts.HostMount::point)
                .containsExactly("/home/a b\\c", "/home/hidden");
        assertThat(HostMounts.parse(MOUNTINFO).below("/etc")).isEmpty();
    }

    @Test
    void namesSurviveEscaping() {
        for (String name : new String[] {"/plain", "/with blank", "/tab\tline\nreturn\r", "/back\\slash", "/\u00e9", "/\u0001\u007f"}) {
            assertThat(HostMounts.escape(name)).doesNotContain(" ").doesNotContain("\n");
            assertThat(HostMounts.unescape(HostMounts.escape(name))).isEqualTo(name);
        }
    }
}
