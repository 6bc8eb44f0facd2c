/**
 * Best practices, checked: {@link io.sifter.engine.lint.Lint} looks into images and definitions, runs nothing and mounts nothing. One class for
 * each practice says which signs it goes by.
 */
package io.sifter.engine.lint;
