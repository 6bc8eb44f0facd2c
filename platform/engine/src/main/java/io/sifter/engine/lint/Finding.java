package io.sifter.engine.lint;

import java.util.Objects;

/**
 * Something that keeps to no best practice.
 *
 * @param what it is, a sentence without its full stop
 * @param instead what to do about it, a sentence
 */
public record Finding(Check check, Place place, String what, String instead) {
    public Finding {
        Objects.requireNonNull(check);
        Objects.requireNonNull(place);
        Objects.requireNonNull(what);
        Objects.requireNonNull(instead);
    }
}
