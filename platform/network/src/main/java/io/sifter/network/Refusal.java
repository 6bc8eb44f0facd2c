package io.sifter.network;

import io.sifter.network.json.JsonObject;
import java.io.IOException;
import java.io.InputStream;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import okhttp3.HttpUrl;
import okhttp3.MediaType;
import okhttp3.Response;
import okhttp3.ResponseBody;

/**
 * A server answered, and not with what was asked for. The message holds what it said, fit for printing; who catches
 * this adds what was asked.
 */
final class Refusal extends IOException {
    private static final int BODY_LIMIT = 64 << 10;
    private static final int ERRORS_SHOWN = 10;

    final int status;
    final HttpUrl url;
    /** Lines {@code code: message}, as the server lists them. */
    final List<String> errors;
    final Optional<Duration> retryAfter;

    private Refusal(String message, Response response, List<String> errors) {
        super(message);
        this.status = response.code();
        this.url = response.request().url();
        this.errors = errors;
        this.retryAfter = Pause.asked(response);
    }

    /** Reads and closes the response. */
    static Refusal of(Response response) {
        try (response) {
            byte[] body = body(response);
            List<String> errors = JsonObject.parse(body).map(Refusal::errors).orElse(List.of());
            String message = switch (errors.size()) {
                case 0 -> status(response) + (isHtml(response) ? ", with a web page" : "");
                case 1 -> errors.getFirst();
                default -> "errors:\n" + String.join("\n", errors);
            };
            return new Refusal(message, response, errors);
        }
    }

    /** Whether the body is a page for people: an answer of a proxy, a portal or a web site, never of a registry. */
    static boolean isHtml(Response response) {
        MediaType type = MediaType.parse(Optional.ofNullable(response.header("Content-Type")).orElse(""));
        return type != null && type.subtype().toLowerCase(Locale.ROOT).contains("html");
    }

    /** How long to wait, in words. */
    String span() {
        return retryAfter.map(wait -> wait.toMinutes() < 2 ? wait.toSeconds() + " s"
                : wait.toHours() < 2 ? wait.toMinutes() + " min" : wait.toHours() + " h").orElse("a while");
    }

    /** Whether signing in, or as someone else, may help. */
    boolean wantsCredentials() {
        return status == 401 || status == 403;
    }

    private static String status(Response response) {
        String words = Printable.of(response.message());
        return words.isEmpty() ? "status " + response.code() : response.code() + " " + words;
    }

    private static byte[] body(Response response) {
        ResponseBody body = response.body();
        try (InputStream in = body.byteStream()) {
            return in.readNBytes(BODY_LIMIT);
        } catch (IOException incomplete) {
            return new byte[0];
        }
    }

    /** The {@code errors} of the distribution specification, else what token servers and others write in their place. */
    private static List<String> errors(JsonObject body) {
        List<String> listed = body.children("errors").stream()
                .map(error -> line(error.text("code").orElse(""), error.text("message").orElse("")))
                .filter(line -> !line.isEmpty())
                .limit(ERRORS_SHOWN)
                .toList();
        if (!listed.isEmpty()) {
            return listed;
        }
        return body.text("details").or(() -> body.text("error_description")).or(() -> body.text("message"))
                .or(() -> body.text("error"))
                .map(text -> List.of(Printable.of(text)))
                .orElse(List.of());
    }

    private static String line(String code, String message) {
        String words = Printable.of(code.replace('_', ' ').toLowerCase(Locale.ROOT));
        String text = Printable.of(message);
        return words.isEmpty() || text.isEmpty() ? words + text : words + ": " + text;
    }
}
