/**
 * What can be typed: one table of all commands and options, a small parser that interprets it, picocli's model made
 * from it, and the help texts. The parser, the table of actions and the values use the JDK's core alone, since they are
 * part of every {@code exec}; only {@link io.sifter.cli.options.PicocliParser} knows picocli.
 */
package io.sifter.cli.options;
