package io.sifter.testkit.registry;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.Signature;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.CopyOnWriteArrayList;

/**
 * A token server as registries trust it: gives JSON Web Tokens, signed with a key of its own, to one user, and to strangers
 * such that open nothing (Docker registry token authentication). Who starts it closes it.
 */
public final class TokenServer implements AutoCloseable {
    public static final String ISSUER = "sifter-test";
    public static final String SERVICE = "test";

    private static final char[] PASSWORD = "changeit".toCharArray();

    private final HttpServer server;
    private final PrivateKey key;
    private final byte[] certificate;
    private final Path bundle;
    private final String basic;
    private final List<Received> received = new CopyOnWriteArrayList<>();

    private TokenServer(KeyStore store, Path bundle, String basic) throws IOException, GeneralSecurityException {
        this.key = (PrivateKey) store.getKey("it", PASSWORD);
        this.certificate = store.getCertificate("it").getEncoded();
        this.bundle = Files.writeString(bundle, "-----BEGIN CERTIFICATE-----\n%s\n-----END CERTIFICATE-----\n"
                .formatted(Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(certificate)));
        this.basic = basic;
        this.server = new HttpServer(0, Optional.empty(), this::answer);
    }

    /** @param directory where the key and the certificate are put */
    public static TokenServer start(Path directory, String user, String password) throws IOException, InterruptedException {
        Path file = directory.resolve("token-server.p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair", "-alias", "it",
                "-keyalg", "RSA", "-dname", "CN=" + ISSUER, "-ext", "bc:c", "-storetype", "PKCS12", "-storepass", "changeit", "-keystore", file.toString())
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool failed");
        }
        try (InputStream in = new ByteArrayInputStream(Files.readAllBytes(file))) {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(in, PASSWORD);
            return new TokenServer(store, directory.resolve("token-server.pem"), ScriptedRegistry.basic(user, password));
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** What a registry's challenge names. */
    public String realm() {
        // By name: clients refuse token servers that name themselves by an internal address.
        return "http://localhost:" + server.port() + "/token";
    }

    /** The certificate that tokens are verified with. */
    public Path certificates() {
        return bundle;
    }

    public List<Received> received() {
        return List.copyOf(received);
    }

    private Answer answer(Received request) throws IOException {
        received.add(request);
        Optional<String> authorization = request.header("Authorization");
        if (authorization.isPresent() && !authorization.get().equals(basic)) {
            return Answer.json(401, "{\"details\":\"incorrect username or password\"}");
        }
        List<Object> access = new ArrayList<>();
        for (String pair : request.query().split("&")) {
            String[] scope = URLDecoder.decode(pair, StandardCharsets.UTF_8).split("[=:]");
            if (authorization.isPresent() && scope.length == 4 && scope[0].equals("scope")) {
                Map<String, Object> grant = new LinkedHashMap<>();
                grant.put("type", scope[1]);
                grant.put("name", scope[2]);
                grant.put("actions", List.of(scope[3].split(",")));
                access.add(grant);
            }
        }
        try {
            return Answer.json(200, "{\"token\":\"%s\",\"expires_in\":300}".formatted(token(access)));
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    private String token(List<Object> access) throws GeneralSecurityException {
        long now = Instant.now().getEpochSecond();
        Map<String, Object> header = new LinkedHashMap<>();
        header.put("typ", "JWT");
        header.put("alg", "RS256");
        header.put("x5c", List.of(Base64.getEncoder().encodeToString(certificate)));
        Map<String, Object> claims = new LinkedHashMap<>();
        claims.put("iss", ISSUER);
        claims.put("sub", "");
        claims.put("aud", SERVICE);
        claims.put("exp", now + 300);
        claims.put("nbf", now - 60);
        claims.put("iat", now);
        claims.put("jti", UUID.randomUUID().toString());
        claims.put("access", access);
        String signed = encode(Json.write(header)) + "." + encode(Json.write(claims));
        Signature signature = Signature.getInstance("SHA256withRSA");
        signature.initSign(key);
        signature.update(signed.getBytes(StandardCharsets.US_ASCII));
        return signed + "." + Base64.getUrlEncoder().withoutPadding().encodeToString(signature.sign());
    }

    private static String encode(String text) {
        return Base64.getUrlEncoder().withoutPadding().encodeToString(text.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public void close() {
        server.close();
    }
}
