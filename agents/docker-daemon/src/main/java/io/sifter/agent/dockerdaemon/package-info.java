/** The agent for {@code docker-daemon:}: images that a Docker daemon keeps. */
package io.sifter.agent.dockerdaemon;
