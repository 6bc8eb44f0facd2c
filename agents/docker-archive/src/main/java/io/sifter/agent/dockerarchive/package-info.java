/** The agent for {@code docker-archive:}: images in files that {@code docker save} wrote. */
package io.sifter.agent.dockerarchive;
