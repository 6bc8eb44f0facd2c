package io.sifter.engine;

import java.util.Map;

/** How many threads compute. */
record Jobs(int count) {
    /**
     * What was configured, else what this process may use.
     *
     * @param configured 0 for nothing
     * @param available processors, as the JVM counts them: by affinity and by the quota of its control group
     */
    static Jobs of(int configured, int available, Map<String, String> environment) {
        if (configured > 0) {
            return new Jobs(configured);
        }
        // What the batch system granted is not always enforced by it.
        String slurm = environment.getOrDefault("SLURM_CPUS_PER_TASK", "");
        return new Jobs(slurm.matches("[1-9][0-9]{0,5}") ? Math.min(available, Integer.parseInt(slurm)) : available);
    }
}
