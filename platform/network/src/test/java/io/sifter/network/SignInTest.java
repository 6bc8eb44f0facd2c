package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** Whether a login is good is asked before it is kept. */
class SignInTest extends Fixture {
    private static final Credential GOOD = new Credential.Password("ann", "s3cret");
    private static final Credential BAD = new Credential.Password("ann", "gu3ss");

    private boolean signIn(ScriptedRegistry registry, Credential credential) throws IOException, InterruptedException {
        return closing(Network.open(settings())).signIn(registry.host(), false, credential, events::add);
    }

    @Test
    void basicIsTriedOnTheRegistryItself() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");

        assertThat(signIn(registry, GOOD)).isTrue();
        assertThatThrownBy(() -> signIn(registry, BAD)).isInstanceOf(ExternalException.class)
                .hasMessage(registry.host() + " refuses the login: unauthorized: authentication required");
    }

    @Test
    void aTokenIsAskedForThatOpensNothing() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");

        assertThat(signIn(registry, GOOD)).isTrue();
        assertThat(registry.received("GET /token").getFirst().query()).isEqualTo("service=test");
        assertThatThrownBy(() -> signIn(registry, BAD)).isInstanceOfSatisfying(ExternalException.class, e -> {
            assertThat(e).hasMessage(registry.host() + " refuses the login: incorrect username or password");
            assertThat(e.nextStep().orElseThrow()).contains("password");
        });
        assertThat(events.toString()).doesNotContain("s3cret", "gu3ss");
    }

    @Test
    void aRegistryThatAsksNobodyLeavesItUnknown() throws Exception {
        assertThat(signIn(registry(), BAD)).isFalse();
    }

    @Test
    void aRegistryOutOfOrderDoesNotMakeALoginBad() throws Exception {
        ScriptedRegistry registry = registry().requireToken("ann", "s3cret");
        registry.always("GET /token", new Fault.Instead(503, Map.of(), ""));

        assertThatThrownBy(() -> signIn(registry, GOOD)).isInstanceOfSatisfying(ExternalException.class,
                e -> assertThat(e.nextStep().orElseThrow()).contains("again later"));
        registry.close();
        assertThatThrownBy(() -> signIn(registry, GOOD)).isInstanceOf(UnreachableException.class);
    }
}
