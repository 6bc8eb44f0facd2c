/** The sink that writes SIF files: {@link io.sifter.sink.sif.SifSink} puts what the toolkit writes into one file, in order. */
package io.sifter.sink.sif;
