import { DeviceLostError } from "../../core/errors.ts";
import { raceAbort } from "../../core/race.ts";
import type { Device } from "../../gpu/device.ts";
import { inErrorScopes } from "../../gpu/error_scopes.ts";

/**
 * Milliseconds between an error and the news of the loss that caused it, at most. A failed map waits this long for the
 * news, and a pending map gets this long to end after it.
 */
const LOSS_GRACE = 250;

const pause = (milliseconds: number) => new Promise<undefined>((resolve) => setTimeout(resolve, milliseconds));

/**
 * Maps a buffer, copies its bytes and unmaps it.
 * @throws DeviceLostError when the device was lost meanwhile: only bytes from a successful map can be trusted.
 */
export async function mapBuffer(device: Device, buffer: GPUBuffer): Promise<Uint8Array> {
  // Disposing the device destroys the buffer.
  device.assertUsable();
  const { generation } = device;
  try {
    // A map that fails rejects; the validation error adds nothing, so it is discarded.
    const map = () => buffer.mapAsync(GPUMapMode.READ);
    await untilGone(
      device,
      inErrorScopes(device.gpu, map, () => undefined),
    );
  } catch (cause) {
    // If the device was disposed meanwhile, the buffer is destroyed.
    device.assertOpen();
    const loss = await lossBehind(device, generation, cause);
    throw loss ?? new DeviceLostError(`reading back from the GPU failed: ${String(cause)}`, {}, { cause });
  }
  // In Deno, mapping succeeds even on a device that was destroyed before the copy ran.
  device.assertUsable(generation);
  const bytes = new Uint8Array(buffer.getMappedRange()).slice();
  buffer.unmap();
  return bytes;
}

/** Waits for the GPU, but ends if the device is lost or disposed: the promise may then never settle. */
export async function untilGone(device: Device, promise: Promise<undefined>): Promise<void> {
  let forget = () => {};
  const lost = new Promise<never>((_, reject) => {
    forget = device.onLoss((loss) => setTimeout(reject, LOSS_GRACE, loss));
  });
  try {
    await raceAbort(Promise.race([promise, lost]), device.disposal);
  } finally {
    forget();
  }
}

/**
 * Returns the loss that caused an error of work on `generation`; undefined if the device was not lost. Errors arrive
 * before the news of the loss, so this waits a moment for it.
 */
export async function lossBehind(
  device: Device,
  generation: number,
  error: unknown,
): Promise<DeviceLostError | undefined> {
  if (error instanceof DeviceLostError) return error;
  if (device.loss === undefined && device.generation === generation) await pause(LOSS_GRACE);
  if (device.loss !== undefined) return device.loss;
  if (device.generation === generation) return undefined;
  return new DeviceLostError(`the GPU device was lost meanwhile: ${String(error)}`, {}, { cause: error });
}
