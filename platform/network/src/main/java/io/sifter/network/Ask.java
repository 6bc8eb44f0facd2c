package io.sifter.network;

import java.util.LinkedHashMap;
import java.util.Map;
import okhttp3.HttpUrl;
import okhttp3.Request;
import okhttp3.RequestBody;

/**
 * A request, apart from who sends it.
 *
 * @param body of a {@code POST}; null otherwise
 * @param verified whether the server's certificate has to be trusted
 * @param blob whether a blob is asked for: it is large, and verified by its digest, so that it may come over plain HTTP in the end
 */
record Ask(String method, HttpUrl url, Map<String, String> headers, RequestBody body, boolean verified, boolean blob) {
    static Ask of(String method, HttpUrl url, boolean verified) {
        return new Ask(method, url, Map.of(), null, verified, false);
    }

    Ask with(String name, String value) {
        Map<String, String> more = new LinkedHashMap<>(headers);
        more.put(name, value);
        return new Ask(method, url, more, body, verified, blob);
    }

    Ask at(HttpUrl other) {
        return new Ask(method, other, headers, body, verified, blob);
    }

    Ask forBlob() {
        return new Ask(method, url, headers, body, verified, true);
    }

    /** The same as a GET; what {@code 303} asks for. */
    Ask fetching() {
        return new Ask(method.equals("HEAD") ? "HEAD" : "GET", url, headers, null, verified, blob);
    }

    Request.Builder request() {
        Request.Builder builder = new Request.Builder().url(url).method(method, body);
        headers.forEach(builder::header);
        return builder;
    }
}
