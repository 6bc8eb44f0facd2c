package io.sifter.engine.launch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.engine.launch.ActionRequest.Rights;
import io.sifter.spi.error.UserException;
import io.sifter.spi.launch.Capabilities;
import io.sifter.spi.launch.Privileges;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class StandingTest {
    private static final Capabilities CHOWN = new Capabilities(1);
    private static final Capabilities NET_RAW = new Capabilities(1 << 13);
    private static final Capabilities SYS_ADMIN = new Capabilities(1 << 21);

    private final List<String> warnings = new ArrayList<>();

    private static Host root() {
        return new Host(0, 0, List.of(0L), true, CHOWN.with(NET_RAW).with(SYS_ADMIN), new Account("root", 0, 0, "", "/root", "/bin/sh"),
                Map.of(0L, "root"), Map.of(), "/", 0022, List.of(), Path.of("/opt/sifter"));
    }

    private Privileges decide(Host host, Rights rights) throws Exception {
        ActionRequest request = ActionRequest.of(Action.EXEC, Path.of("x.sif"), List.of("true")).with(rights);
        return Standing.decide(host, request, warnings::add).privileges();
    }

    private static Rights caps(boolean keep, boolean none, List<String> add, List<String> drop) {
        return new Rights(false, false, keep, none, add, drop, List.of());
    }

    private static Rights security(String... settings) {
        return new Rights(false, false, false, false, List.of(), List.of(), List.of(settings));
    }

    @Test
    void rootHasAllThatItHasUnlessToldOtherwise() throws Exception {
        assertThat(decide(root(), Rights.DEFAULT)).isEqualTo(Privileges.all(0, 0));
        assertThat(decide(root(), caps(true, false, List.of(), List.of()))).isEqualTo(Privileges.all(0, 0));
        assertThat(decide(root(), caps(false, false, List.of(), List.of("CAP_CHOWN"))).capabilities()).contains(NET_RAW.with(SYS_ADMIN));
        assertThat(decide(root(), caps(false, true, List.of(), List.of()))).isEqualTo(Privileges.none(0, 0));
        assertThat(decide(root(), caps(false, true, List.of("net_raw", "chown"), List.of("chown")))).isEqualTo(Privileges.none(0, 0).with(NET_RAW));
        assertThat(decide(root(), caps(false, true, List.of("all"), List.of())).capabilities()).contains(root().capabilities());
        assertThatThrownBy(() -> decide(root(), caps(false, true, List.of("sys_time"), List.of()))).isInstanceOf(UserException.class)
                .hasMessage("Could not add capabilities that the caller does not have: CAP_SYS_TIME");
    }

    @Test
    void aUserHasNoneUnlessSomeAreAdded() throws Exception {
        Host user = Hosts.user().host();
        assertThat(decide(user, Rights.DEFAULT)).isEqualTo(Privileges.none(1000, 100));
        assertThat(decide(user, caps(false, false, List.of("CAP_NET_RAW", "cap_chown"), List.of("chown")))).isEqualTo(Privileges.none(1000, 100).with(NET_RAW));
        assertThat(decide(user, caps(false, false, List.of("all"), List.of("all")))).isEqualTo(Privileges.none(1000, 100));
        assertThat(warnings).isEmpty();
    }

    @Test
    void whatIsNoCapabilityIsNamed() throws Exception {
        decide(Hosts.user().host(), caps(false, false, List.of("bogus"), List.of("CAP_WRONG")));
        assertThat(warnings).containsExactly("won't add unknown capability: CAP_BOGUS", "won't drop unknown capability: CAP_WRONG");
    }

    @Test
    void idsAreRootsToChangeAndAUsersToSee() throws Exception {
        assertThat(decide(root(), security("uid:7", "gid:8:9"))).isEqualTo(new Privileges(7, 8, Optional.of(List.of(8L, 9L)), false, Optional.of(Capabilities.NONE), false));
        assertThat(decide(root(), security("uid:7", "gid:8")).groups()).contains(List.of());
        assertThat(decide(Hosts.user().host(), security("uid:7"))).isEqualTo(Privileges.none(7, 100));
        for (String wrong : List.of("uid:a", "uid:", "gid:1:", "uid:99999999999", "uid:4294967295")) {
            assertThatThrownBy(() -> decide(root(), security(wrong))).isInstanceOf(UserException.class).hasMessageContaining("failed to parse provided");
        }
        assertThatThrownBy(() -> decide(root(), security("bogus:1"))).hasMessage("There is no security setting 'bogus'");
        assertThatThrownBy(() -> decide(root(), security("seccomp:/no/such"))).hasMessageContaining("open /no/such: no such file");
    }

    @Test
    void subordinateIdsComeAfterRoot() {
        String subuid = "other:1:1\nme:100000:65536\nbroken\nme:x:1\n1000:300000:10\n";
        assertThat(SubordinateIds.parse(subuid, "me:200000:65536\n", "me", 1000, 100))
                .isEqualTo(new SubordinateIds("0 1000 1 1 100000 65536 65537 300000 10", "0 100 1 1 200000 65536"));
        assertThat(SubordinateIds.parse(subuid, "", "me", 1000, 100)).isEqualTo(SubordinateIds.NONE);
    }

    @Test
    void fakeRootHasAllOfItsNamespace() throws Exception {
        Rights fake = new Rights(true, true, false, false, List.of(), List.of(), List.of());
        assertThat(decide(Hosts.user().host(), fake)).isEqualTo(Privileges.all(0, 0));
        assertThat(decide(root(), fake)).isEqualTo(Privileges.all(0, 0));
    }
}
