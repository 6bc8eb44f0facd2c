/**
 * The Singularity Image Format, version 1: {@link io.sifter.sif.SifImage} reads a file, {@link io.sifter.sif.SifWriter} makes
 * one, {@link io.sifter.sif.SifText} shows it. The layout is described in {@code doc/sif.md} of this module.
 */
package io.sifter.sif;
