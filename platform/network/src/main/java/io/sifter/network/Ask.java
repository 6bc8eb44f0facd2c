package io.sifter.network;

import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.RequestBody;

/**
 * A request, apart from who sends it.
 *
 * @param body of methods that have one; null otherwise
 * @param verified whether the server's certificate has to be trusted
 * @param load what travels
 * @param once whether it must not be acted on twice: then it is repeated only where the server did nothing
 */
record Ask(String method, HttpUrl url, Map<String, String> headers, RequestBody body, boolean verified, Load load, boolean once) {
    /** How much travels, and how it is trusted. */
    enum Load {
        SMALL,
        LARGE,
        /** Large, and verified by its digest, so that it may come over plain HTTP in the end. */
        BLOB
    }

    static Ask of(String method, HttpUrl url, boolean verified) {
        return new Ask(method, url, Map.of(), null, verified, Load.SMALL, false);
    }

    Ask with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Ask(method, url, more, body, verified, load, once);
    }

    Ask at(HttpUrl other) {
        return new Ask(method, other, headers, body, verified, load, once);
    }

    Ask with(RequestBody content) {
        return new Ask(method, url, headers, content, verified, load, once);
    }

    Ask carrying(Load what) {
        return new Ask(method, url, headers, body, verified, what, once);
    }

    Ask onlyOnce() {
        return new Ask(method, url, headers, body, verified, load, true);
    }

    /** The same as a GET; what {@code 303} asks for. */
    Ask fetching() {
        return new Ask(method.equals("HEAD") ? "HEAD" : "GET", url, headers, null, verified, load, once);
    }

    Request.Builder request() {
        Request.Builder builder = new Request.Builder().url(url).method(method, body);
        headers.forEach(builder::header);
        return builder;
    }
}
