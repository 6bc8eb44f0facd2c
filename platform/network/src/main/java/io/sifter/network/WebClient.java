package io.sifter.network;

import io.sifter.spi.Web;
import io.sifter.spi.error.CorruptDataException;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.error.SifterException;
import io.sifter.spi.error.UnreachableException;
import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.Semaphore;
import java.util.function.Function;
import java.util.function.LongConsumer;
import okhttp3.HttpUrl;
import okhttp3.RequestBody;

/** The host's HTTP client as agents see it. */
final class WebClient implements Web {
    private static final int BODY_LIMIT = 16 << 20;

    private final Courier courier;
    /** Places for transfers from a server. */
    private final Function<HttpUrl, Semaphore> slots;

    WebClient(Courier courier, Function<HttpUrl, Semaphore> slots) {
        this.courier = courier;
        this.slots = slots;
    }

    @Override
    public Response send(Request request) throws IOException, InterruptedException {
        Ask ask = ask(request, Ask.Load.SMALL);
        boolean bodiless = request.method().equals("GET") || request.method().equals("HEAD");
        return exchange(request, bodiless ? ask : ask.with(RequestBody.create(request.body())));
    }

    @Override
    public Response upload(Request request, ByteSource body, long length, LongConsumer sent) throws IOException, InterruptedException {
        return exchange(request, ask(request, Ask.Load.LARGE).with(new StreamedBody(body, length, sent)));
    }

    @Override
    public ByteSource download(Request request) {
        return offset -> {
            Ask ask = ask(request, Ask.Load.LARGE).fetching();
            return BlobStream.open(new WebFile(courier, ask, signer(request, ask.url())), slots.apply(ask.url()), offset);
        };
    }

    private Response exchange(Request request, Ask ask) throws IOException, InterruptedException {
        try {
            return courier.send(ask, signer(request, ask.url()), WebClient::read);
        } catch (IOException e) {
            Courier.heed();
            throw courier.explain(ask.url(), e);
        }
    }

    private static Response read(okhttp3.Response response) throws IOException {
        try (response; InputStream in = response.body().byteStream()) {
            byte[] body = in.readNBytes(BODY_LIMIT + 1);
            if (body.length > BODY_LIMIT) {
                throw new CorruptDataException("%s answered with more than %d MiB where a document is expected"
                        .formatted(response.request().url().host(), BODY_LIMIT >> 20), "Check the address.");
            }
            return new Response(response.code(), response.headers().toMultimap(), body);
        }
    }

    private static Ask ask(Request request, Ask.Load load) throws ExternalException {
        Ask ask = Ask.of(request.method(), url(request.url()), !request.plainHttp()).carrying(load);
        for (var header : request.headers().entrySet()) {
            ask = ask.with(header.getKey(), header.getValue());
        }
        return request.method().equals("POST") ? ask.onlyOnce() : ask;
    }

    private static HttpUrl url(URI uri) throws ExternalException {
        HttpUrl url = HttpUrl.parse(uri.toString());
        if (url == null) {
            throw new ExternalException("The address of %s is no URL".formatted(Printable.of(uri.getHost())), "Check the address.");
        }
        return url;
    }

    private static Courier.Signer signer(Request request, HttpUrl url) {
        return hop -> Endpoint.sameServer(hop, url) ? request.authorization() : Optional.empty();
    }

    /** A file behind a URL. */
    private static final class WebFile implements Transfer {
        private final Courier courier;
        private final Ask ask;
        private final Courier.Signer signer;
        /** What tells the file's versions apart, of the first answer. */
        private Optional<String> version = Optional.empty();

        WebFile(Courier courier, Ask ask, Courier.Signer signer) {
            this.courier = courier;
            this.ask = ask;
            this.signer = signer;
        }

        @Override
        public String name() {
            return Courier.shown(ask.url());
        }

        @Override
        public Courier courier() {
            return courier;
        }

        @Override
        public Part request(long offset, boolean repeat) throws IOException, InterruptedException {
            Ask part = Transfer.from(offset, ask);
            try {
                return repeat ? courier.send(part, signer, response -> part(response, offset))
                        : part(courier.sendOnce(part, signer), offset);
            } catch (Refusal refusal) {
                throw refusal;
            } catch (IOException e) {
                Courier.heed();
                throw repeat ? courier.explain(ask.url(), e) : e;
            }
        }

        /** A file that was replaced meanwhile must not become half old, half new. */
        private Part part(okhttp3.Response response, long offset) throws IOException {
            Part part = Transfer.part(this, response, offset);
            Optional<String> now = Optional.ofNullable(response.header("ETag")).filter(tag -> !tag.startsWith("W/"))
                    .or(() -> Optional.ofNullable(response.header("Last-Modified")));
            if (version.isPresent() && now.isPresent() && !version.equals(now)) {
                response.close();
                throw new CorruptDataException("%s changed while it was downloaded".formatted(name()), "Download it again.");
            }
            version = version.or(() -> now);
            return part;
        }

        @Override
        public SifterException explain(Refusal refusal) {
            String message = "Error reading %s: %s".formatted(name(), refusal.getMessage());
            if (refusal.status >= 502 && refusal.status <= 504) {
                return new UnreachableException(message, "The server is out of order: try again later.", refusal);
            }
            return new ExternalException(message, switch (refusal.status) {
                case 401, 403 -> "Check whether you may read it.";
                case 404, 410 -> "Check the spelling of the address.";
                case 429 -> "Wait %s and try again.".formatted(refusal.span());
                default -> "Try again later.";
            }, refusal);
        }
    }
}
