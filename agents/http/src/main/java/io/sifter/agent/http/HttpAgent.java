package io.sifter.agent.http;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.spi.OpenOptions;
import io.sifter.spi.Web;
import io.sifter.spi.error.ExternalException;
import io.sifter.spi.reference.Reference;
import io.sifter.spi.source.ByteSource;
import io.sifter.spi.source.ReadyImage;
import io.sifter.spi.source.Source;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.SequenceInputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;

/** Finds files on web servers. What a file holds is not its business, as long as it is no web page. */
public final class HttpAgent implements Agent {
    /** How far into a file a web page shows. */
    private static final int SNIFFED = 512;

    private final AgentContext context;

    public HttpAgent(AgentContext context) {
        this.context = Objects.requireNonNull(context);
    }

    @Override
    public Source open(Reference reference, OpenOptions options) throws IOException, InterruptedException {
        FileAddress address = FileAddress.parse(reference);
        Web.Request request = Web.Request.get(address.url()).withAuthorization(address.authorization()).withPlainHttp(options.plainHttp());
        Web.Response head = context.web().send(new Web.Request("HEAD", request.url(), request.headers(), request.authorization(),
                request.body(), request.plainHttp()));
        ByteSource bytes = noPage(address, context.web().download(request));
        if (!head.succeeded()) {
            check(address, head);
            return new ReadyImage(address.name(), bytes, Optional.empty());
        }
        if (head.isWebPage()) {
            throw page(address);
        }
        return new ReadyImage(address.name(), bytes, Optional.empty(), size(head), version(address, head));
    }

    /** Refusals that hold for the file itself; many servers answer HEAD with others, which say nothing about it. */
    private static void check(FileAddress address, Web.Response head) throws ExternalException {
        if (head.status() == 404 || head.status() == 410) {
            throw new ExternalException("the requested image was not found: " + address, "Check the spelling of the address.");
        }
        if (head.status() == 429 || head.status() >= 500 && head.status() != 501) {
            throw new ExternalException("download did not succeed: %s answered with status %d".formatted(address, head.status()),
                    "Try again later.");
        }
    }

    private static OptionalLong size(Web.Response head) {
        return head.header("Content-Length").filter(text -> text.matches("[1-9]\\d{0,17}"))
                .map(text -> OptionalLong.of(Long.parseLong(text))).orElse(OptionalLong.empty());
    }

    /** The address with what the server tells versions apart by; a server that does not gets nothing kept. */
    private static Optional<String> version(FileAddress address, Web.Response head) {
        Optional<String> tag = head.header("ETag").filter(text -> !text.startsWith("W/"));
        return tag.or(() -> head.header("Last-Modified")).map(mark -> address.url() + " " + mark);
    }

    /** A sign-in page or a proxy's complaint must not end up under the name of an image. */
    private static ByteSource noPage(FileAddress address, ByteSource bytes) {
        return offset -> {
            InputStream in = bytes.open(offset);
            if (offset > 0) {
                return in;
            }
            try {
                byte[] start = in.readNBytes(SNIFFED);
                String text = new String(start, StandardCharsets.ISO_8859_1).replaceFirst("^(\u00ef\u00bb\u00bf)?\\s+", "").toLowerCase(Locale.ROOT);
                if (text.startsWith("<!doctype html") || text.startsWith("<html")) {
                    throw page(address);
                }
                return new SequenceInputStream(new ByteArrayInputStream(start), in);
            } catch (IOException e) {
                in.close();
                throw e;
            }
        };
    }

    private static ExternalException page(FileAddress address) {
        return new ExternalException("%s is a web page, not a file with an image".formatted(address),
                "Look at it in a browser: the address may be that of a page about the file, or you have to sign in.");
    }
}
