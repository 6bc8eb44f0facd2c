/** Dockerfiles as definition files: text to {@link io.sifter.engine.dockerfile.Conversion}. Pure: nothing is read, written or run. */
package io.sifter.engine.dockerfile;
