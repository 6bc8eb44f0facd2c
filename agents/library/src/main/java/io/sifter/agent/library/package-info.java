/** The agent and the publisher for {@code library://}: SIF files in libraries. */
package io.sifter.agent.library;
