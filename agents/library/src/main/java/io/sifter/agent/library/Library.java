package io.sifter.agent.library;

import io.sifter.network.json.JsonObject;
import io.sifter.spi.Services;
import io.sifter.spi.Services.Service;
import io.sifter.spi.Web;
import io.sifter.spi.Web.Request;
import io.sifter.spi.Web.Response;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.error.UserException;
import java.io.IOException;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/** A library's interface: paths, envelopes and refusals. Safe for any thread. */
final class Library {
    private final Web web;
    private final Service service;
    private final boolean plainHttp;

    private Library(Web web, Service service, boolean plainHttp) {
        this.web = web;
        this.service = service;
        this.plainHttp = plainHttp;
    }

    /** The library that the name's host is, else the one of the user's endpoint. */
    static Library of(Web web, Services services, LibraryName name, boolean plainHttp) throws IOException, InterruptedException {
        return new Library(web, name.host().isPresent()
                ? services.at("library", URI.create((plainHttp ? "http://" : "https://") + name.host().get()))
                : services.find("library"), plainHttp);
    }

    /** The library at an address of a definition's header, which counts where the name has no host of its own. */
    static Library at(Web web, Services services, String address, boolean plainHttp) throws IOException, InterruptedException {
        try {
            return new Library(web, services.at("library", new URI(address.contains("://") ? address : "https://" + address)), plainHttp);
        } catch (URISyntaxException e) {
            throw new UserException("Library: %s is no address".formatted(address), "Give the address of a library, such as https://library.example.org.", e);
        }
    }

    static Library ofEndpoint(Web web, Services services, boolean plainHttp) throws IOException, InterruptedException {
        return new Library(web, services.find("library"), plainHttp);
    }

    Service service() {
        return service;
    }

    Web web() {
        return web;
    }

    /** @param path below the library's address, with its query */
    Request request(String method, String path) {
        String base = service.url().toString();
        return Request.of(method, URI.create((base.endsWith("/") ? base : base + "/") + path))
                .withAuthorization(service.token().map(token -> "Bearer " + token)).withPlainHttp(plainHttp);
    }

    /** The answer's {@code data}; empty if there is nothing of that name. */
    Optional<JsonObject> get(String path) throws IOException, InterruptedException {
        Response response = web.send(request("GET", path));
        return response.status() == 404 ? Optional.empty() : Optional.of(data(response));
    }

    JsonObject send(String method, String path, String body) throws IOException, InterruptedException {
        return data(web.send(request(method, path).withBody(body.getBytes(StandardCharsets.UTF_8))));
    }

    /** The body of a success. */
    JsonObject data(Response response) throws ExternalException {
        if (!response.succeeded()) {
            throw refusal(response);
        }
        Optional<JsonObject> body = JsonObject.parse(response.body());
        if (body.isEmpty() && response.body().length > 0) {
            throw new ExternalException("%s answers with %s, not like a library".formatted(service.url(), response.isWebPage() ? "a web page" : "something else"),
                    "Check the library's address; a proxy or a sign-in page may stand in between.");
        }
        return body.orElse(JsonObject.parse("{}".getBytes(StandardCharsets.UTF_8)).orElseThrow()).child("data");
    }

    /** What the library said, in the reference's words. */
    ExternalException refusal(Response response) {
        JsonObject error = JsonObject.parse(response.body()).map(body -> body.child("error"))
                .orElse(JsonObject.parse("{}".getBytes(StandardCharsets.UTF_8)).orElseThrow());
        String said = error.text("message").map(text -> text.replaceAll("\\p{Cntrl}", " ") + " ").orElse("");
        String message = "request did not succeed: %s(%d) by %s".formatted(said, response.status(), service.url().getHost());
        if (response.status() >= 502 && response.status() <= 504) {
            return new UnreachableException(message, "The library is out of order: try again later.");
        }
        return new ExternalException(message, switch (response.status()) {
            case 401, 403 -> service.token().isPresent() ? "Your token is not accepted, it may have expired: get a new one with 'remote login'."
                    : "Log in first: remote login";
            case 404 -> "Check the spelling of the name and the tag.";
            case 413, 507 -> "The library has no room for it: delete images that are not needed.";
            default -> "Try again later.";
        });
    }

    static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }
}
