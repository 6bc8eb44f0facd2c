package io.sifter.runtime.oci;

import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.testkit.contract.RuntimeContract;

class OciRuntimeContractTest extends RuntimeContract {
    @Override
    protected Runtime runtime(RuntimeContext context) {
        return new OciRuntime(context);
    }

    @Override
    protected boolean becomesTheCommand() {
        return true;
    }
}
