/** The product as users run it: its command line, its files, and its peers; and the rules that its modules keep. */
package io.sifter.product;
