package io.sifter.engine;

import io.sifter.spi.event.Event;

/** Where events go; a type of its own because Guice tells bindings apart by type. */
interface EventSink {
    void accept(Event event);
}
