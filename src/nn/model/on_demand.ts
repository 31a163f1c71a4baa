/** What few pages use of a model, in one module that is loaded when it is asked for. */
export { writePlan } from "../saved_plan/write.ts";
export { graphToSvg } from "../show/model_svg.ts";
export { BatchRunner } from "../training/batch_runner.ts";
export { openStream } from "../training/stream_steps.ts";
export { TrainingStep } from "../training/training_step.ts";
export { hiddenGradients } from "./hidden_gradients.ts";
export { inputGradients, traceCell } from "./inspect.ts";
export { memoryOf, withLargestBatch } from "./model_memory.ts";
