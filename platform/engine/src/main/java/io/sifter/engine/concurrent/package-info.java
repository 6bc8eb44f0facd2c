/** Tasks side by side, behind calls that look sequential. */
package io.sifter.engine.concurrent;
