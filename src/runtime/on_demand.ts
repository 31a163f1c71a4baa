/** What few programs ask of the runtime, in one module that is loaded when it is asked for. */
export { VariantChooser } from "./measure/choose_variants.ts";
export { profile, timeRuns } from "./measure/timed_runs.ts";
export { keptChoices } from "./measure/tuning_memory.ts";
