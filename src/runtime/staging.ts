import { DeviceLostError } from "../core/errors.ts";
import type { Device } from "../gpu/device.ts";

/** How long a failed map waits for word that the device was lost, in milliseconds. */
const LOSS_GRACE = 250;

/**
 * Maps a buffer, copies its bytes and unmaps it.
 * @throws DeviceLostError when the device went away meanwhile: only bytes that came back through a map can be trusted.
 */
export async function mapBuffer(device: Device, buffer: GPUBuffer): Promise<Uint8Array> {
  try {
    await buffer.mapAsync(GPUMapMode.READ);
  } catch (cause) {
    // A map is rejected before the loss is announced: give it a moment, to say what really happened.
    const late = new Promise<undefined>((resolve) => setTimeout(() => resolve(undefined), LOSS_GRACE));
    const lost = await Promise.race([device.lost, late]);
    if (lost !== undefined) throw lost;
    device.assertUsable();
    throw new DeviceLostError(`reading back from the GPU failed: ${String(cause)}`, {}, { cause });
  }
  const bytes = new Uint8Array(buffer.getMappedRange()).slice();
  buffer.unmap();
  return bytes;
}
