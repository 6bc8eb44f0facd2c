package io.sifter.runtime.unshare;

import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.testkit.contract.RuntimeContract;

class UnshareRuntimeContractTest extends RuntimeContract {
    @Override
    protected Runtime runtime(RuntimeContext context) {
        return new UnshareRuntime(context);
    }

    @Override
    protected boolean becomesTheCommand() {
        return true;
    }
}
