/** Small JSON documents as plain maps; only for the packages of this module. */
package io.sifter.network.json;
