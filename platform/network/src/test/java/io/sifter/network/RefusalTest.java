package io.sifter.network;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.sifter.network.credential.Credential;
import io.sifter.spi.Registry;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.event.Event;
import io.sifter.testkit.registry.Fault;
import io.sifter.testkit.registry.ScriptedRegistry;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

/** What users read when a registry refuses. */
class RefusalTest extends Fixture {
    private static final String MANIFESTS = ".*/manifests/.*";

    private static Fault json(int status, String body) {
        return new Fault.Instead(status, Map.of("Content-Type", "application/json"), body);
    }

    private ExternalException refused(Fault fault) throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(MANIFESTS, fault);
        try {
            client(registry).manifest(REPOSITORY, "latest");
        } catch (ExternalException e) {
            assertThat(e).isNotInstanceOf(UnreachableException.class);
            assertThat(e.getMessage()).startsWith("Error reading manifest latest in %s/%s: ".formatted(registry.host(), REPOSITORY));
            return e;
        }
        throw new AssertionError("Nothing was refused");
    }

    private static String told(ExternalException e) {
        return e.getMessage().substring(e.getMessage().indexOf(REPOSITORY) + REPOSITORY.length() + 2);
    }

    @Test
    void aPrivateImageIsRefusedInTheWordsOfTheUserGuide() throws Exception {
        ExternalException e = refused(json(401, """
                {"errors":[{"code":"DENIED","message":"requested access to the resource is denied"},
                           {"code":"UNAUTHORIZED","message":"authentication required","detail":[{"Type":"repository"}]}]}"""));

        assertThat(told(e)).isEqualTo("""
                errors:
                denied: requested access to the resource is denied
                unauthorized: authentication required""");
        assertThat(e.nextStep().orElseThrow()).contains("--docker-login", "SINGULARITY_DOCKER_USERNAME", "SINGULARITY_DOCKER_PASSWORD", "--authfile");
    }

    @Test
    void oneErrorStandsOnTheSameLine() throws Exception {
        assertThat(told(refused(Fault.error(401, "UNAUTHORIZED", "authentication required")))).isEqualTo("unauthorized: authentication required");
    }

    @Test
    void aRefusedTokenIsToldInTheSameWords() throws Exception {
        ScriptedRegistry registry = registry().requireToken();
        registry.always("GET /token", Fault.error(403, "DENIED", "requested access to the resource is denied"));

        assertThatThrownBy(() -> client(registry).manifest(REPOSITORY, "latest")).isInstanceOf(ExternalException.class)
                .hasMessage("Error reading manifest latest in %s/%s: denied: requested access to the resource is denied".formatted(registry.host(), REPOSITORY));
        assertThatThrownBy(() -> client(registry).resolve(REPOSITORY, "latest")).isInstanceOf(ExternalException.class);
    }

    @Test
    void whoSignedInIsToldThatItDidNotHelp() throws Exception {
        ScriptedRegistry registry = registry().requireBasic("ann", "s3cret");

        assertThatThrownBy(() -> client(registry, new Credential.Password("ann", "old")).manifest(REPOSITORY, "latest"))
                .isInstanceOfSatisfying(ExternalException.class, e -> assertThat(e.nextStep().orElseThrow())
                        .isEqualTo("The login for %s was sent, and is not accepted for this image: check user name, password or token, and the name."
                                .formatted(registry.host())));
    }

    @Test
    void anUnknownTagLeadsToTheSpelling() throws Exception {
        ExternalException e = refused(Fault.error(404, "MANIFEST_UNKNOWN", "manifest unknown"));

        assertThat(told(e)).isEqualTo("manifest unknown: manifest unknown");
        assertThat(e.nextStep()).hasValue("Check the spelling of the name and the tag.");
    }

    @Test
    void aLimitLeadsToWaitingOrSigningIn() throws Exception {
        ExternalException e = refused(Fault.tooManyRequests(Optional.of("21600")));

        assertThat(told(e)).isEqualTo("toomanyrequests: You have reached your pull rate limit.");
        assertThat(e.nextStep()).hasValue("Wait 6 h and try again, or sign in to raise the limit: --docker-login.");
    }

    @Test
    void aRefusalWithoutWordsIsToldByItsStatus() throws Exception {
        assertThat(told(refused(Fault.status(403)))).isEqualTo("403 Forbidden");
        assertThat(told(refused(json(404, "not json")))).isEqualTo("404 Not Found");
        assertThat(told(refused(json(404, "[]")))).isEqualTo("404 Not Found");
        assertThat(told(refused(json(404, "{\"errors\":[]}")))).isEqualTo("404 Not Found");
        assertThat(told(refused(new Fault.Instead(403, Map.of("Content-Type", "text/html"), "<html>Sign in</html>"))))
                .isEqualTo("403 Forbidden, with a web page");
    }

    @Test
    void whatOthersWriteInPlaceOfErrorsIsTold() throws Exception {
        assertThat(told(refused(json(400, "{\"message\":\"project is archived\"}")))).isEqualTo("project is archived");
        assertThat(told(refused(json(400, "{\"errors\":[{\"code\":\"NAME_INVALID\"}]}")))).isEqualTo("name invalid");
        assertThat(told(refused(json(400, "{\"errors\":[{\"message\":\"no\"}]}")))).isEqualTo("no");
    }

    @Test
    void aThousandErrorsAreNotListed() throws Exception {
        String one = "{\"code\":\"DENIED\",\"message\":\"no\"},";

        assertThat(told(refused(json(403, "{\"errors\":[" + one.repeat(1000) + "{}]}"))).lines()).hasSize(11);
    }

    @Test
    void whatOperatorsWantToBeKnownIsShownOnce() throws Exception {
        ScriptedRegistry registry = registry();
        registry.always(MANIFESTS, new Fault.Headers(Map.of("Warning", "299 - \"moves on \\\"Monday\\\"\"")));
        Registry client = client(registry);

        client.manifest(REPOSITORY, "latest");
        client.manifest(REPOSITORY, "latest");

        assertThat(events.stream().filter(Event.warning("127.0.0.1: moves on \"Monday\"")::equals)).hasSize(1);
    }
}
