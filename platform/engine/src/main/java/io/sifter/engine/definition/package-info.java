/** Definition files: text to {@link io.sifter.engine.definition.Definition}. Pure: nothing is read, written or run. */
package io.sifter.engine.definition;
