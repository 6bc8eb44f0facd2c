package io.sifter.agent.dockerarchive;

import io.sifter.testkit.TarLayer;

/** The same of an archive whose layers come in one reading. */
class CompressedDockerArchiveAgentContractTest extends DockerArchiveAgentContractTest {
    @Override
    byte[] archive(TarLayer tar) {
        return tar.gzip();
    }
}
