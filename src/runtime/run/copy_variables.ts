/** Copies variables on the device. */
import { ShapeError } from "../../core/errors.ts";
import { formatShape, sameShape } from "../../core/shape.ts";
import type { Device } from "../../gpu/device.ts";
import type { Variable } from "../../graph/operation.ts";
import { bytesOf, variablesOf } from "./variables.ts";

/** Copies variables into others of the same shape, in one submit. @throws ShapeError when the shapes differ. */
export async function copyVariables(
  device: Device,
  pairs: readonly { readonly from: Variable; readonly to: Variable }[],
): Promise<void> {
  for (const { from, to } of pairs) {
    if (!sameShape(from.shape, to.shape)) {
      throw new ShapeError(
        `the variable "${to.name}" is ${formatShape(to.shape)}; "${from.name}" is ${formatShape(from.shape)}`,
        { from: from.name, to: to.name },
      );
    }
  }
  const store = variablesOf(device);
  const copy = () => {
    device.submit("copy variables", (encoder) => {
      for (const { from, to } of pairs) {
        const bytes = bytesOf(from);
        store.replaced(to);
        if (bytes > 0) encoder.copyBufferToBuffer(store.bufferOf(from), 0, store.bufferOf(to), 0, bytes);
      }
    });
    store.changed(pairs.map(({ to }) => to));
  };
  // Without new buffers there is no error to wait for.
  if (pairs.every(({ from, to }) => store.has(from) && store.has(to))) copy();
  else await device.guard("copying variables", copy);
}
