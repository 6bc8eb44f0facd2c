package io.sifter.testkit.registry;

import java.io.IOException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import javax.net.ssl.SSLContext;

/**
 * A registry that follows a script: it asks for logins, fails where it is told to, and remembers every request. Safe for
 * any thread.
 */
public final class ScriptedRegistry extends TestRegistry {
    private enum Login { NONE, BASIC, TOKEN }

    /** Does something to the requests whose {@code METHOD /path} matches, so many times. */
    private static final class Rule {
        private final Pattern requests;
        private final Fault fault;
        private int left;

        Rule(String requests, Fault fault, int left) {
            this.requests = Pattern.compile(requests);
            this.fault = fault;
            this.left = left;
        }
    }

    private static final Pattern REPOSITORY = Pattern.compile("/v2/(.+)/(?:manifests|blobs|tags)/[^/]+");

    private final List<Received> received = new CopyOnWriteArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private final Map<String, Set<String>> tokens = new HashMap<>();
    private final Set<String> refreshTokens = new HashSet<>();
    private final String scheme;
    private Login login = Login.NONE;
    private Optional<String> basic = Optional.empty();
    private Optional<String> realm = Optional.empty();
    private boolean publicImages;
    private int lifetime = 300;
    private int issued;

    private ScriptedRegistry(Optional<SSLContext> tls) throws IOException {
        super(0, tls);
        scheme = tls.isPresent() ? "https" : "http";
    }

    public static ScriptedRegistry start() throws IOException {
        return new ScriptedRegistry(Optional.empty());
    }

    public static ScriptedRegistry startTls(SSLContext tls) throws IOException {
        return new ScriptedRegistry(Optional.of(tls));
    }

    /** The next matching request that no earlier rule takes meets {@code fault}; then the rule is gone. */
    public synchronized ScriptedRegistry once(String requests, Fault fault) {
        rules.add(new Rule(requests, fault, 1));
        return this;
    }

    /** Every matching request that no earlier rule takes meets {@code fault}. */
    public synchronized ScriptedRegistry always(String requests, Fault fault) {
        rules.add(new Rule(requests, fault, Integer.MAX_VALUE));
        return this;
    }

    /** Lets in only who sends this name and password with each request. */
    public synchronized ScriptedRegistry requireBasic(String user, String password) {
        login = Login.BASIC;
        basic = Optional.of(basic(user, password));
        return this;
    }

    /** Lets in whoever fetched a token, anonymously too. */
    public synchronized ScriptedRegistry requireToken() {
        login = Login.TOKEN;
        publicImages = true;
        return this;
    }

    /** Lets in who fetched a token with this name and password. */
    public synchronized ScriptedRegistry requireToken(String user, String password) {
        login = Login.TOKEN;
        basic = Optional.of(basic(user, password));
        return this;
    }

    /** Also gives tokens, by OAuth 2, for this identity token. */
    public synchronized ScriptedRegistry identityToken(String token) {
        login = Login.TOKEN;
        refreshTokens.add(token);
        return this;
    }

    /** The token server's URL, in place of {@code /token} here. */
    public synchronized ScriptedRegistry realm(String url) {
        realm = Optional.of(url);
        return this;
    }

    /** How long tokens are said to last, seconds. */
    public synchronized ScriptedRegistry tokenLifetime(int seconds) {
        lifetime = seconds;
        return this;
    }

    /** Forgets all tokens that were given out. */
    public synchronized void expireTokens() {
        tokens.clear();
    }

    /** Lets a token in without it having been fetched. */
    public synchronized ScriptedRegistry accept(String token, String scope) {
        login = Login.TOKEN;
        tokens.put(token, Set.of(scope));
        return this;
    }

    public List<Received> received() {
        return List.copyOf(received);
    }

    /** Those whose {@code METHOD /path} matches. */
    public List<Received> received(String requests) {
        Pattern pattern = Pattern.compile(requests);
        return received.stream().filter(request -> pattern.matcher(request.line()).matches()).toList();
    }

    public void forget() {
        received.clear();
    }

    @Override
    Answer respond(Received request) throws IOException {
        received.add(request);
        Optional<Fault> fault = next(request);
        if (fault.orElse(null) instanceof Fault.Delay(Duration time)) {
            try {
                Thread.sleep(time);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        return respond(request, fault);
    }

    private synchronized Answer respond(Received request, Optional<Fault> fault) throws IOException {
        if (fault.orElse(null) instanceof Fault.Instead(int status, Map<String, String> headers, String body)) {
            return Answer.of(status, headers, new Content.InMemory(body.getBytes(StandardCharsets.UTF_8)));
        }
        Received asked = fault.orElse(null) instanceof Fault.IgnoreRange ? withoutRange(request) : request;
        Answer answer = request.path().equals("/token") ? token(request) : gate(asked);
        return fault.isEmpty() ? answer : meddle(answer, fault.get());
    }

    private synchronized Optional<Fault> next(Received request) {
        for (Iterator<Rule> all = rules.iterator(); all.hasNext();) {
            Rule rule = all.next();
            if (rule.requests.matcher(request.line()).matches()) {
                if (--rule.left == 0) {
                    all.remove();
                }
                return Optional.of(rule.fault);
            }
        }
        return Optional.empty();
    }

    private static Received withoutRange(Received request) {
        Map<String, List<String>> headers = new HashMap<>(request.headers());
        headers.keySet().removeIf(name -> name.equalsIgnoreCase("Range"));
        return new Received(request.method(), request.path(), request.query(), headers, request.body());
    }

    private static Answer meddle(Answer answer, Fault fault) {
        return switch (fault) {
            case Fault.CutAfter(long bytes) -> answer.with(Answer.Delivery.stoppingAfter(bytes, false));
            case Fault.StallAfter(long bytes) -> answer.with(Answer.Delivery.stoppingAfter(bytes, true));
            case Fault.Corrupt(long offset) -> answer.with(Answer.Delivery.flipping(offset));
            case Fault.Unsized _ -> answer.with(Answer.Delivery.UNSIZED);
            case Fault.Headers(Map<String, String> changed) -> {
                Answer other = answer;
                for (Map.Entry<String, String> header : changed.entrySet()) {
                    other = other.with(header.getKey(), header.getValue());
                    if (header.getValue().isEmpty()) {
                        other.headers().remove(header.getKey());
                    }
                }
                yield other;
            }
            case Fault.Delay _, Fault.IgnoreRange _, Fault.Instead _ -> answer;
        };
    }

    private Answer gate(Received request) throws IOException {
        String authorization = request.header("Authorization").orElse("");
        return switch (login) {
            case NONE -> super.respond(request);
            case BASIC -> basic.orElseThrow().equals(authorization) ? super.respond(request)
                    : unauthorized(false, "Basic realm=\"test\"");
            case TOKEN -> {
                String needed = repository(request).map(name -> "repository:" + name + ":pull").orElse("");
                Optional<Set<String>> granted = authorization.startsWith("Bearer ")
                        ? Optional.ofNullable(tokens.get(authorization.substring(7))) : Optional.empty();
                boolean admitted = granted.isPresent() && (needed.isEmpty() || granted.get().contains(needed));
                yield admitted ? super.respond(request) : unauthorized(granted.isPresent(), "Bearer realm=\"%s\",service=\"test\"%s".formatted(
                        realm.orElse(scheme + "://" + host() + "/token"), needed.isEmpty() ? "" : ",scope=\"" + needed + "\""));
            }
        };
    }

    private static Optional<String> repository(Received request) {
        Matcher path = REPOSITORY.matcher(request.path());
        return path.matches() ? Optional.of(path.group(1)) : Optional.empty();
    }

    /** @param denied whether it is known who asks: then Docker Hub says this as well */
    private static Answer unauthorized(boolean denied, String challenge) throws IOException {
        String first = denied ? "{\"code\":\"DENIED\",\"message\":\"requested access to the resource is denied\"}," : "";
        return Answer.json(401, "{\"errors\":[%s{\"code\":\"UNAUTHORIZED\",\"message\":\"authentication required\"}]}".formatted(first))
                .with("WWW-Authenticate", challenge);
    }

    private Answer token(Received request) throws IOException {
        boolean post = request.method().equals("POST");
        Map<String, List<String>> fields = fields(post ? request.body() : request.query());
        if (post) {
            if (refreshTokens.isEmpty()) {
                return Answer.error(404, "UNKNOWN", "no such page");
            }
            if (!refreshTokens.contains(fields.getOrDefault("refresh_token", List.of("")).getFirst())) {
                return Answer.error(401, "UNAUTHORIZED", "refresh token is not known");
            }
        } else {
            String authorization = request.header("Authorization").orElse("");
            boolean known = basic.isPresent() && basic.get().equals(authorization);
            if (!known && !authorization.isEmpty()) {
                return Answer.json(401, "{\"details\":\"incorrect username or password\"}");
            }
            if (!known && !publicImages) {
                // As Docker Hub does it: a token, which opens nothing.
                return given(Set.of());
            }
        }
        Set<String> scopes = new HashSet<>();
        fields.getOrDefault("scope", List.of()).forEach(scope -> scopes.addAll(List.of(scope.split(" "))));
        return given(scopes);
    }

    private Answer given(Set<String> scopes) throws IOException {
        String token = "token-" + ++issued;
        tokens.put(token, scopes);
        return Answer.json(200, "{\"token\":\"%s\",\"expires_in\":%d}".formatted(token, lifetime));
    }

    private static Map<String, List<String>> fields(String query) {
        Map<String, List<String>> fields = new HashMap<>();
        Arrays.stream(query.split("&")).filter(pair -> !pair.isEmpty()).forEach(pair -> {
            String[] parts = pair.split("=", 2);
            fields.computeIfAbsent(parts[0], _ -> new ArrayList<>())
                    .add(parts.length == 2 ? URLDecoder.decode(parts[1], StandardCharsets.UTF_8) : "");
        });
        return fields;
    }

    /** The value of {@code Authorization} that signs in as {@code user}. */
    public static String basic(String user, String password) {
        return "Basic " + Base64.getEncoder().encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }
}
