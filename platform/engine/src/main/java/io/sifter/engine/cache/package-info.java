/** What is kept between commands: blobs, packs, images; and the rules by which many processes share it. */
package io.sifter.engine.cache;
