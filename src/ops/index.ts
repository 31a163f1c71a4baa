/**
 * The ops, for those who write a model by hand.
 * @module
 */
export * from "./arithmetic.ts";
export { gather, scatterAdd } from "./gather.ts";
export { type GruSweep, type GruSweepOptions, gruSweep } from "./gru.ts";
export { type LstmSweep, type LstmSweepOptions, lstmSweep } from "./lstm.ts";
export { lstmCell } from "./lstm_cell.ts";
export { type MatmulOptions, matmul } from "./matmul.ts";
export { concat, pad, reverse, slice, stack, transpose } from "./movement.ts";
export { dropout, type RandomSource, randomNormal, randomUniform } from "./random.ts";
export { argmax, max, mean, type ReduceOptions, sum } from "./reduce.ts";
export { broadcastTo, expandDims, reshape } from "./reshape.ts";
export { type SimpleRnnSweep, type SimpleRnnSweepOptions, simpleRnnSweep } from "./simple_rnn.ts";
export { logSoftmax, softmax } from "./softmax.ts";
export { erf, expm1 } from "./special.ts";
export { topK } from "./top_k.ts";
export { unstack } from "./unstack.ts";
export { type WindowOptions, windowCount, windows } from "./windows.ts";
