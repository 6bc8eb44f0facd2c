/**
 * What can be typed: one table of all commands and options, a parser that interprets it, the help
 * texts and completion for shells. The parser, the table of actions and the values use the JDK's core alone, since they are
 * part of every {@code exec}; only {@link io.sifter.cli.options.Completion} knows picocli.
 */
package io.sifter.cli.options;
