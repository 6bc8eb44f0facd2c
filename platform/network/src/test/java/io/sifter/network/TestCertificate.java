package io.sifter.network;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.util.Base64;
import java.util.List;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;

/** A certificate that signs itself, made by the JDK's keytool. */
record TestCertificate(KeyStore store) {
    private static final char[] PASSWORD = "changeit".toCharArray();

    static TestCertificate make(Path directory, String algorithm, String name, String subjectAlternatives) throws Exception {
        Path file = directory.resolve(name + "-" + algorithm + ".p12");
        Process keytool = new ProcessBuilder(Path.of(System.getProperty("java.home"), "bin", "keytool").toString(), "-genkeypair",
                "-alias", "it", "-keyalg", algorithm, "-dname", "CN=" + name, "-ext", "SAN=" + subjectAlternatives, "-ext", "bc:c",
                "-storetype", "PKCS12", "-storepass", "changeit", "-keystore", file.toString(), "-validity", "3650")
                .redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
        if (keytool.waitFor() != 0) {
            throw new IOException("keytool failed");
        }
        KeyStore store = KeyStore.getInstance("PKCS12");
        try (InputStream in = Files.newInputStream(file)) {
            store.load(in, PASSWORD);
        }
        return new TestCertificate(store);
    }

    /** A server that shows this, and wants to see a client's certificate signed by {@code clients}, if any. */
    SSLContext server(List<TestCertificate> clients) throws GeneralSecurityException, IOException {
        KeyManagerFactory keys = KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        keys.init(store, PASSWORD);
        KeyStore trusted = KeyStore.getInstance(KeyStore.getDefaultType());
        trusted.load(null, null);
        for (int i = 0; i < clients.size(); i++) {
            trusted.setCertificateEntry("client-" + i, clients.get(i).store.getCertificate("it"));
        }
        TrustManagerFactory trust = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(keys.getKeyManagers(), clients.isEmpty() ? null : trust.getTrustManagers(), null);
        return context;
    }

    Path writeCertificate(Path file) throws Exception {
        Files.createDirectories(file.getParent());
        return Files.writeString(file, "# made for a test - with a hyphen\n" + pem("CERTIFICATE", store.getCertificate("it").getEncoded()));
    }

    /** In PKCS #8, or for RSA in the bare form that older tools write. */
    Path writeKey(Path file, boolean bareRsa) throws Exception {
        byte[] encoded = store.getKey("it", PASSWORD).getEncoded();
        if (!bareRsa) {
            return Files.writeString(file, pem("PRIVATE KEY", encoded));
        }
        // PKCS #8 of RSA: 26 bytes of wrapping before the bare key, for keys of 2048 to 4096 bits.
        return Files.writeString(file, pem("RSA PRIVATE KEY", java.util.Arrays.copyOfRange(encoded, 26, encoded.length)));
    }

    private static String pem(String label, byte[] der) {
        return "-----BEGIN %s-----\n%s\n-----END %s-----\n".formatted(label, Base64.getMimeEncoder(64, new byte[] {'\n'}).encodeToString(der), label);
    }
}
