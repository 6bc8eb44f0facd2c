/**
 * The JSON documents of OCI and Docker images: parsed strictly in shape, tolerantly towards members nobody knows, and
 * written byte for byte predictably. The only package that knows a JSON library.
 */
package io.sifter.image.document;
