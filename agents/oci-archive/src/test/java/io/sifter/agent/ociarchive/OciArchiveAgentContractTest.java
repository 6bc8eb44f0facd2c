package io.sifter.agent.ociarchive;

import io.sifter.spi.Agent;
import io.sifter.spi.AgentContext;
import io.sifter.testkit.TarLayer;
import io.sifter.testkit.contract.ArchiveAgentContract;
import io.sifter.testkit.registry.TestArchive;
import io.sifter.testkit.registry.TestImage;
import java.util.List;
import java.util.Map;

class OciArchiveAgentContractTest extends ArchiveAgentContract {
    OciArchiveAgentContractTest() {
        super("oci-archive");
    }

    @Override
    protected Agent agent(AgentContext context) {
        return new OciArchiveAgent(context);
    }

    @Override
    protected TarLayer archive(TestImage image) {
        return TestArchive.layout("./", Map.of("it:1", image.manifest()), List.of(image)).tar();
    }

    @Override
    protected String malformedChoice() {
        return ":other@sha256:0";
    }
}
