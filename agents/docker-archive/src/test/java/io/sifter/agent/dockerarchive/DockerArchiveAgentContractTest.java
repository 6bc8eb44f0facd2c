package io.sifter.agent.dockerarchive;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.ArchiveAgentContract;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;

class DockerArchiveAgentContractTest extends ArchiveAgentContract {
    DockerArchiveAgentContractTest() {
        super("docker-archive");
    }

    @Override
    protected Agent agent(AgentContext context) {
        return new DockerArchiveAgent(context);
    }

    @Override
    protected TarLayer archive(TestImage image) {
        return TestArchive.saved(TestArchive.Form.DIRECTORIES).image(image, "it:1").tar();
    }

    @Override
    protected String malformedChoice() {
        return ":@one";
    }
}
