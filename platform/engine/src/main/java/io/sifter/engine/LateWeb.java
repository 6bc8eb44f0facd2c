package io.sifter.engine;

import io.sifter.spi.Web;
import io.sifter.spi.source.ByteSource;
import java.io.IOException;
import java.util.function.LongConsumer;

/** The HTTP client, made when it is first used: images on this machine need none, and its classes take long to load. */
record LateWeb(Maker maker) implements Web {
    interface Maker {
        Web make() throws IOException;
    }

    @Override
    public Response send(Request request) throws IOException, InterruptedException {
        return maker.make().send(request);
    }

    @Override
    public ByteSource download(Request request) {
        return offset -> maker.make().download(request).open(offset);
    }

    @Override
    public Response upload(Request request, ByteSource body, long length, LongConsumer sent) throws IOException, InterruptedException {
        return maker.make().upload(request, body, length, sent);
    }
}
