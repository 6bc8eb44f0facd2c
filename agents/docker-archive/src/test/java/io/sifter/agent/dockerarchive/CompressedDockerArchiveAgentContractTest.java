package io.sifter.agent.dockerarchive;

import io.sifter.testkit.TarLayer;

/** The same of an archive whose layers come in one reading. */
class CompressedDockerArchiveAgentContractTest extends DockerArchiveAgentContractTest {
    @Override
    protected byte[] written(TarLayer archive) {
        return archive.gzip();
    }
}
