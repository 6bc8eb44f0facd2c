package io.sifter.network;

import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UserException;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyFactory;
import java.security.PrivateKey;
import java.security.cert.CertificateException;
import java.security.cert.CertificateFactory;
import java.security.cert.X509Certificate;
import java.security.spec.PKCS8EncodedKeySpec;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/** Certificates and keys in PEM files (RFC 7468). */
final class Certificates {
    private static final Pattern BLOCK =
            Pattern.compile("-----BEGIN ([A-Z0-9 ]+)-----([^-]*)-----END \\1-----", Pattern.DOTALL);
    /** AlgorithmIdentifier of RSA (RFC 8017, A.1), which wraps a bare RSA key into PKCS #8. */
    private static final byte[] RSA = {0x30, 0x0d, 0x06, 0x09, 0x2a, (byte) 0x86, 0x48, (byte) 0x86, (byte) 0xf7, 0x0d,
        0x01, 0x01, 0x01, 0x05, 0x00};

    private Certificates() {}

    /** The certificates of a file, or of all files of a directory. */
    static List<X509Certificate> read(Path path) throws IOException {
        if (!Files.isDirectory(path)) {
            return readFile(path);
        }
        List<X509Certificate> all = new ArrayList<>();
        try (Stream<Path> files = Files.list(path)) {
            for (Path file : files.filter(Files::isRegularFile).sorted().toList()) {
                all.addAll(readFile(file));
            }
        }
        return all;
    }

    private static List<X509Certificate> readFile(Path file) throws IOException {
        List<X509Certificate> certificates = new ArrayList<>();
        try {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            Matcher matcher = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
            while (matcher.find()) {
                if (matcher.group(1).endsWith("CERTIFICATE")) {
                    byte[] der = Base64.getMimeDecoder().decode(matcher.group(2));
                    try {
                        certificates.add((X509Certificate) factory.generateCertificate(new ByteArrayInputStream(der)));
                    } catch (CertificateException odd) {
                        // Bundles of systems hold a few that Java refuses; the others count.
                    }
                }
            }
        } catch (CertificateException e) {
            throw new IllegalStateException("Every JDK knows X.509", e);
        } catch (IOException e) {
            throw new ExternalException("Cannot read the certificates in " + file, "Check the file's name and permissions.", e);
        }
        return certificates;
    }

    /** The private key of a file. */
    static PrivateKey readKey(Path file) throws IOException {
        Matcher matcher = BLOCK.matcher(Files.readString(file, StandardCharsets.ISO_8859_1));
        while (matcher.find()) {
            Optional<byte[]> encoded = switch (matcher.group(1)) {
                case "PRIVATE KEY" -> Optional.of(Base64.getMimeDecoder().decode(matcher.group(2)));
                case "RSA PRIVATE KEY" -> matcher.group(2).contains(":") ? Optional.empty()
                        : Optional.of(wrapRsa(Base64.getMimeDecoder().decode(matcher.group(2))));
                default -> Optional.empty();
            };
            if (encoded.isPresent()) {
                for (String algorithm : List.of("RSA", "EC", "EdDSA")) {
                    try {
                        return KeyFactory.getInstance(algorithm).generatePrivate(new PKCS8EncodedKeySpec(encoded.get()));
                    } catch (GeneralSecurityException another) {
                        // PKCS #8 says inside which algorithm it is for; the factories tell by refusing.
                    }
                }
            }
        }
        throw new UserException("%s holds no private key that can be used".formatted(file),
                "Convert it: openssl pkcs8 -topk8 -nocrypt -in OLD -out " + file);
    }

    private static byte[] wrapRsa(byte[] key) throws IOException {
        ByteArrayOutputStream inner = new ByteArrayOutputStream();
        inner.write(new byte[] {0x02, 0x01, 0x00});
        inner.write(RSA);
        inner.write(tagged(0x04, key));
        return tagged(0x30, inner.toByteArray());
    }

    private static byte[] tagged(int tag, byte[] content) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(tag);
        if (content.length < 0x80) {
            out.write(content.length);
        } else {
            out.write(0x83);
            out.write(content.length >> 16);
            out.write(content.length >> 8);
            out.write(content.length);
        }
        out.write(content);
        return out.toByteArray();
    }
}
