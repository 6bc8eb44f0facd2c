package io.sifter.runtime.bubblewrap;

import io.sifter.spi.launch.Runtime;
import io.sifter.spi.launch.RuntimeContext;
import io.sifter.testkit.contract.RuntimeContract;

class BubblewrapRuntimeContractTest extends RuntimeContract {
    @Override
    protected Runtime runtime(RuntimeContext context) {
        return new BubblewrapRuntime(context);
    }

    @Override
    protected boolean becomesTheCommand() {
        return false;
    }
}
