/** The agent for {@code http://} and {@code https://}: files on web servers, as they are. */
package io.sifter.agent.http;
