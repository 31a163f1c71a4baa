/**
 * The ops, for those who write a model by hand.
 * @module
 */

export { gather, scatterAdd } from "./data/gather.ts";
export { broadcastTo, concat, expandDims, pad, reshape, reverse, slice, stack, transpose } from "./data/movement.ts";
export { dropout, type RandomSource, randomNormal, randomUniform } from "./data/random.ts";
export { unstack } from "./data/unstack.ts";
export { type WindowOptions, windowCount, windows } from "./data/windows.ts";
export * from "./elementwise/arithmetic.ts";
export { erf, expm1 } from "./elementwise/special.ts";
export { type MatmulOptions, matmul } from "./matmul/matmul.ts";
export { type GruSweep, type GruSweepOptions, gruSweep } from "./recurrent/gru.ts";
export { type LstmSweep, type LstmSweepOptions, lstmSweep } from "./recurrent/lstm.ts";
export { lstmCell } from "./recurrent/lstm_cell.ts";
export { peepholeLstmSweep } from "./recurrent/peephole_lstm.ts";
export { type SimpleRnnSweep, type SimpleRnnSweepOptions, simpleRnnSweep } from "./recurrent/simple_rnn.ts";
export { argmax, max, mean, type ReduceOptions, sum } from "./reduce/reduce.ts";
export { logSoftmax, softmax } from "./reduce/softmax.ts";
export { topK } from "./search/top_k.ts";
