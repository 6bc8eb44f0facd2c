package io.sifter.agent.http;

import io.sifter.spi.error.UserException;
import io.sifter.spi.reference.Reference;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Optional;

/**
 * A file on a web server.
 *
 * @param url without user and password
 * @param authorization that the address holds, as {@code user:password@}
 * @param name of the file: the last segment of the address
 */
record FileAddress(URI url, Optional<String> authorization, String name) {
    /** @throws UserException if it is no address of a file; shows no password */
    static FileAddress parse(Reference reference) throws UserException {
        String text = reference.transport() + "://" + reference.path();
        URI url;
        try {
            url = new URI(text);
        } catch (URISyntaxException e) {
            throw malformed(text, "Characters such as spaces are written as %20.");
        }
        if (url.getHost() == null || url.getRawPath() == null) {
            throw malformed(text, "It is written like https://host/directory/file.");
        }
        String name = url.getRawPath().substring(url.getRawPath().lastIndexOf('/') + 1).replaceFirst("^\\.+", "");
        if (name.isEmpty()) {
            throw malformed(text, "It has to end in the name of a file.");
        }
        Optional<String> authorization = Optional.ofNullable(url.getRawUserInfo())
                .map(user -> URLDecoder.decode(user.replace("+", "%2B"), StandardCharsets.UTF_8))
                .map(user -> "Basic " + Base64.getEncoder().encodeToString(user.getBytes(StandardCharsets.UTF_8)));
        URI plain = URI.create(url.getScheme() + "://" + url.getRawAuthority().replaceFirst("^.*@", "") + url.getRawPath()
                + (url.getRawQuery() == null ? "" : "?" + url.getRawQuery()));
        return new FileAddress(plain, authorization, name);
    }

    private static UserException malformed(String text, String nextStep) {
        return new UserException("Not the address of a file: " + text.replaceFirst("//[^/]*@", "//").replaceFirst("\\?.*", "?…"), nextStep);
    }

    /** Without the query, where storage services keep signatures. */
    @Override
    public String toString() {
        return url.getScheme() + "://" + url.getRawAuthority() + url.getRawPath();
    }
}
