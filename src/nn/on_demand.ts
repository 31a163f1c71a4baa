/** What few pages use of a model, in one module that is loaded when it is asked for. */
export { BatchRunner } from "./batch_runner.ts";
export { hiddenGradients } from "./hidden_gradients.ts";
export { inputGradients, traceCell } from "./inspect.ts";
export { memoryOf, withLargestBatch } from "./model_memory.ts";
export { graphToSvg } from "./model_svg.ts";
export { openStream } from "./stream_steps.ts";
export { TrainingStep } from "./training_step.ts";
