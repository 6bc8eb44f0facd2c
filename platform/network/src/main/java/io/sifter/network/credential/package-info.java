/**
 * What signs a request in: {@link io.sifter.network.credential.Credentials} finds it in the places where users of
 * Singularity, Docker and Podman keep it. Secrets never show in messages, logs or {@code toString}.
 */
package io.sifter.network.credential;
