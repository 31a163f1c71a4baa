import { DeviceLostError } from "../../core/errors.ts";
import { raceAbort } from "../../core/race.ts";
import type { Device } from "../../gpu/device.ts";
import { inErrorScopes } from "../../gpu/error_scopes.ts";

/**
 * How long a failed map waits for word that the device was lost, and a map that was lost for its own end, in
 * milliseconds.
 */
const LOSS_GRACE = 250;

const pause = (milliseconds: number) => new Promise<undefined>((resolve) => setTimeout(resolve, milliseconds));

/**
 * Maps a buffer, copies its bytes and unmaps it.
 * @throws DeviceLostError when the device went away meanwhile: only bytes that came back through a map can be trusted.
 */
export async function mapBuffer(device: Device, buffer: GPUBuffer): Promise<Uint8Array> {
  // A device that was disposed took the buffer along.
  device.assertUsable();
  const { generation } = device;
  try {
    // A map that the GPU refuses rejects; its validation error says no more.
    const map = () => buffer.mapAsync(GPUMapMode.READ);
    await untilGone(
      device,
      inErrorScopes(device.gpu, map, () => undefined),
    );
  } catch (cause) {
    // Disposed meanwhile, the device has destroyed the buffer.
    device.assertOpen();
    const loss = await lossBehind(device, generation, cause);
    throw loss ?? new DeviceLostError(`reading back from the GPU failed: ${String(cause)}`, {}, { cause });
  }
  // In Deno a map succeeds on a device that was destroyed before the copy ran.
  device.assertUsable(generation);
  const bytes = new Uint8Array(buffer.getMappedRange()).slice();
  buffer.unmap();
  return bytes;
}

/** Waits for the GPU, but no longer than the device is there: a loss or `dispose` may leave the promise hanging. */
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
 * The loss that made work fail which was begun on `generation`; undefined where the device is as it was. A failure
 * comes before the loss behind it is announced: it gets a moment, to say what really happened.
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
