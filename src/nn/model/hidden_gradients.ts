/** The gradient of the output with respect to a recurrent layer's hidden states, which shows vanishing gradients. */

import { ValueError } from "../../core/errors.ts";
import type { NdArray } from "../../core/nd_array.ts";
import { readOptions } from "../../core/option_table.ts";
import { scalar, type Value } from "../../graph/operation.ts";
import { broadcastTo, reshape } from "../../ops/data/movement.ts";
import { mul } from "../../ops/elementwise/arithmetic.ts";
import { matmul } from "../../ops/matmul/matmul.ts";
import { vjp } from "../../transform/gradients.ts";
import type { InputsLike } from "../data/data_input.ts";
import { type InspectedModel, runOnce, scoreOf, TRACE, type TraceOptions } from "./inspect.ts";

/** The gradient of the output with respect to a recurrent layer's hidden states. */
export interface HiddenGradients {
  readonly layer: string;
  /** d(Σ score) / d(h after step t), `[B, T, H]`, the total derivative: direct, and through all later timesteps. */
  readonly hidden: NdArray;
  /** The L2 norm of that gradient at each timestep, `[B, T]`. */
  readonly norm: NdArray;
}

/**
 * The gradient with respect to the hidden state after each timestep, in the layer's reading order. If the model ends in
 * a sigmoid or softmax, the logits are differentiated. Source: Bengio, Simard, Frasconi 1994, "Learning long-term
 * dependencies with gradient descent is difficult".
 * @throws ValueError if the model has no such recurrent layer that runs in a kernel without a mask.
 */
export async function hiddenGradients(
  model: InspectedModel,
  x: InputsLike,
  options: TraceOptions = {},
): Promise<HiddenGradients> {
  const { layer: name } = readOptions("hiddenGradients(x)", TRACE, options);
  let layer = "";
  let hasCarry = false;
  const arrays = await runOnce(model, x, "hiddenGradients", (xs) => {
    const { outputs, traces } = model.graph.build(xs);
    const found = traces.find(({ layer, result }) => result.link && (name === undefined || layer.name === name));
    const { link, hidden, states } = found?.result ?? {};
    if (found === undefined || link === undefined || hidden === undefined || states === undefined) {
      throw new ValueError(
        "hiddenGradients: " +
          (name === undefined
            ? "the model has no recurrent layer "
            : `"${name}" is not a recurrent layer of this model `) +
          "with a kernel and without a mask; the model's layers are " +
          model.layers.map((each) => each.name).join(", "),
        { layer: name },
      );
    }
    layer = found.layer.name;
    hasCarry = link.carry !== undefined;
    const score = scoreOf(outputs[0] as Value);
    const one = broadcastTo(scalar(1), score.shape);
    const direct = vjp([score], [one], [hidden, states[0] as Value]);
    const [dProjected] = vjp([score], [one], [link.projected]) as [Value];
    const dInner = link.innerScale === undefined ? dProjected : mul(dProjected, link.innerScale);
    const [batch, time, units] = hidden.shape as [number, number, number];
    const rows = reshape(dInner, [batch * time, link.recurrent.shape[1] as number]);
    const before = reshape(matmul(rows, link.recurrent, { transposeB: true }), [batch, time, units]);
    return [...direct, before, ...(link.carry === undefined ? [] : [link.carry])];
  });
  const [direct, last, before, carry] = arrays as [NdArray, NdArray, NdArray, NdArray?];
  const hidden = backThroughTime(direct, last, before, hasCarry ? carry : undefined);
  return { layer, hidden, norm: normsOf(hidden) };
}

/** d/dh at timestep t: the direct part plus what timestep t + 1 passes back. */
function backThroughTime(direct: NdArray, last: NdArray, before: NdArray, carry: NdArray | undefined): NdArray {
  const [batch, time, units] = direct.shape as [number, number, number];
  const data = Float32Array.from(direct.data);
  for (let row = 0; row < batch; row++) {
    for (let t = time - 1; t >= 0; t--) {
      for (let unit = 0; unit < units; unit++) {
        const at = (row * time + t) * units + unit;
        const next = at + units;
        const passed =
          t === time - 1
            ? (last.data[row * units + unit] as number)
            : (before.data[next] as number) + (carry?.data[next] ?? 0) * (data[next] as number);
        data[at] = (data[at] as number) + passed;
      }
    }
  }
  return { shape: direct.shape, data };
}

function normsOf({ shape: [batch, time, units], data }: NdArray): NdArray {
  const [steps, size] = [(batch as number) * (time as number), units as number];
  const norms = Float32Array.from({ length: steps }, (_, step) =>
    Math.hypot(...data.slice(step * size, (step + 1) * size)),
  );
  return { shape: [batch as number, time as number], data: norms };
}
