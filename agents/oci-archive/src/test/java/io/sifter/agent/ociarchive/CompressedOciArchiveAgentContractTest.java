package io.sifter.agent.ociarchive;

import io.sifter.testkit.TarLayer;

/** The same of an archive whose layers come in one reading. */
class CompressedOciArchiveAgentContractTest extends OciArchiveAgentContractTest {
    @Override
    protected byte[] written(TarLayer archive) {
        return archive.gzip();
    }
}
