/** Wrapper layers as ONNX nodes: Bidirectional and TimeDistributed. */
import type { NdArray } from "../../core/nd_array.ts";
import type { Bidirectional, Rnn, TimeDistributed } from "../../nn/layers/index.ts";
import type { Name } from "./graph.ts";
import { emitRecurrent, reverseTime } from "./recurrent.ts";
import type { EmitLayer, LayerCall, Tensor } from "./tensor.ts";

/** Two recurrent nodes, whose outputs are both in time order. */
export const emitBidirectional: EmitLayer = (call) => {
  const { graph, inputs, states, weights, outputShape } = call;
  const layer = call.layer as Bidirectional;
  const { forwardLayer, backwardLayer, mergeMode, returnSequences } = layer;
  const [x] = inputs;
  const [cut, half] = [forwardLayer.weights.length, states.length === 0 ? 0 : forwardLayer.stateShapes().length];
  const run = (inner: Rnn, own: readonly NdArray[], initial: readonly Tensor[]) => {
    const given = { ...call, layer: inner, weights: own, states: initial, outputShape: inner.outputShape(x.shape) };
    const [output, ...finals] = emitRecurrent(given) as [Tensor, ...Tensor[]];
    const isTurned = returnSequences && inner.goBackwards;
    const name = isTurned ? reverseTime(graph, output.name, x.shape[0] as number) : output.name;
    return { output: { ...output, name, mask: returnSequences ? x.mask : undefined }, finals };
  };
  const forward = run(forwardLayer, weights.slice(0, cut), states.slice(0, half));
  const backward = run(backwardLayer, weights.slice(cut), states.slice(half));
  const both: [Name, Name] = [forward.output.name, backward.output.name];
  const finals = [...forward.finals, ...backward.finals];
  if (mergeMode === "none") return [forward.output, backward.output, ...finals];
  const name =
    mergeMode === "concat"
      ? graph.node("Concat", both, { axis: -1 })
      : graph.node(({ sum: "Add", mul: "Mul", ave: "Mean" } as const)[mergeMode], both);
  return [{ ...forward.output, name, shape: outputShape }, ...finals];
};

/** All timesteps as rows of one batch. */
export function emitTimeDistributed(call: LayerCall, emit: EmitLayer): readonly Tensor[] {
  const { graph, inputs, outputShape } = call;
  const { layer } = call.layer as TimeDistributed;
  const [x] = inputs;
  const rest = x.shape.slice(1);
  const rows: Tensor = { name: graph.node("Reshape", [x.name, graph.ints(-1, ...rest)]), shape: rest };
  const [output] = emit({ ...call, layer, inputs: [rows], outputShape: outputShape.slice(1) }) as [Tensor];
  const name = graph.node("Reshape", [output.name, graph.ints(-1, ...outputShape)]);
  return [{ name, shape: outputShape, mask: x.mask }];
}
