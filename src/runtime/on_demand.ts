/** What few programs ask of the runtime, in one module that is loaded when it is asked for. */
export { VariantChooser } from "./choose_variants.ts";
export { profile, timeRuns } from "./timed_runs.ts";
export { keptChoices } from "./tuning_memory.ts";
