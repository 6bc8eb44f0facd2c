/** What every implementation of an extension point must do, as tests to inherit. */
package io.sifter.testkit.contract;
