package io.sifter.engine.launch;

import io.sifter.spi.launch.Capabilities;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/** Hosts that tests speak of. */
record Hosts(Host host) {
    static Hosts user() {
        return new Hosts(new Host(1000, 100, List.of(100L, 7L), false, Capabilities.NONE, new Account("me", 1000, 100, "Me", "/home/me", "/bin/zsh"),
                Map.of(100L, "users", 7L, "lp"), Map.of(), "/", 0022, List.of(Path.of("/usr/bin"), Path.of("/bin"), Path.of("/usr/sbin")), Path.of("/opt/sifter")));
    }

    Host with(Map<String, String> environment) {
        return new Host(host.uid(), host.gid(), host.groups(), host.privileged(), host.capabilities(), host.account(), host.groupNames(), environment, host.directory(),
                host.umask(), host.searchPath(), host.home());
    }

    Host in(String directory, String home) {
        Account account = new Account("me", host.uid(), host.gid(), "Me", home, "/bin/zsh");
        return new Host(host.uid(), host.gid(), host.groups(), host.privileged(), host.capabilities(), account, host.groupNames(), Map.of("PATH", "/usr/bin:/bin"), directory,
                host.umask(), host.searchPath(), host.home());
    }
}
