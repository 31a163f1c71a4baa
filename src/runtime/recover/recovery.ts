/** Work that goes on by itself after the loss of its device. */
import { DeviceError, DeviceLostError, LimitError } from "../../core/errors.ts";
import type { StoredVariable } from "../../graph/operation.ts";
import type { Device } from "../device.ts";
import { lossBehind } from "../run/staging.ts";
import { variablesOf } from "../run/variables.ts";

/** This many losses without any progress between them end the work. */
const MOST_LOSSES = 3;
/** How often work that waits for a new device asks whether it is still wanted, in milliseconds. */
const ASK_EVERY = 250;

/** How work is recovered. */
export interface RecoveryOptions {
  /** Throws when the work is not wanted any more, such as after an abort. */
  readonly check?: () => void;
  /** Variables that the work changes, if there is no more to it: where a loss cuts it short they are put back. */
  readonly changes?: readonly StoredVariable[];
  /** A number that grows as the work gets on. */
  readonly progress?: () => number;
  /** False where the work is not run again after a loss; it is when absent. */
  readonly isRetried?: (loss: DeviceLostError) => boolean;
  /** Told of each loss once another device is open, before the work is run again. */
  readonly onRecovered?: (loss: DeviceLostError) => void;
}

/**
 * Runs work on a device; where the device is lost meanwhile, waits for another one and runs the work again. The work
 * finds its place by itself: what it needs of the GPU comes from Variables, whose copies on the host `Snapshots` keep.
 *
 * @throws what the work throws; DeviceLostError when no other device can be had, or three are lost without any
 * progress.
 * @example
 * const outputs = await recovering(device, () => program.run(feeds));
 */
export async function recovering<T>(
  device: Device,
  work: () => Promise<T>,
  {
    check = () => undefined,
    progress = () => 0,
    changes = [],
    isRetried = () => true,
    onRecovered,
  }: RecoveryOptions = {},
): Promise<T> {
  let losses = 0;
  let reached = progress();
  for (;;) {
    // Work on a device that is there begins at once: what it reads is then read before the caller goes on.
    if (device.loss !== undefined) await untilReopened(device, check);
    device.assertOpen();
    const { generation } = device;
    try {
      return await undoing(device, changes, work);
    } catch (error) {
      // Errors of the work's own, such as a refused input or a callback's, are not the device's; want of room is no
      // loss.
      if (!(error instanceof DeviceError) || error instanceof LimitError) throw error;
      const loss = await lossBehind(device, generation, error);
      if (loss === undefined) throw error;
      // A loss without a trace on the device cannot be made good here.
      if ((device.loss === undefined && device.generation === generation) || !isRetried(loss)) throw loss;
      losses = progress() > reached ? 1 : losses + 1;
      reached = progress();
      if (losses >= MOST_LOSSES) {
        throw new DeviceLostError(
          `${loss.message}. It was lost ${losses} times without any progress, so Sluice does not try again by itself`,
          loss.details,
          { cause: loss },
        );
      }
      await untilReopened(device, check);
      onRecovered?.(loss);
    }
  }
}

/** Does work; where the device is lost meanwhile, the variables hold what they held before. */
async function undoing<T>(device: Device, variables: readonly StoredVariable[], work: () => Promise<T>): Promise<T> {
  if (variables.length === 0) return work();
  const store = variablesOf(device);
  await store.keep(variables);
  const before = store.contentsOf(variables);
  const forget = device.onLoss(() => store.restore(before));
  try {
    const result = await work();
    await store.keep(variables);
    return result;
  } finally {
    forget();
  }
}

async function untilReopened(device: Device, check: () => void): Promise<void> {
  const open = device.reopened().then(() => true);
  // Where `check` ends the wait, nobody is left to hear of it.
  open.catch(() => undefined);
  const late = () => new Promise<false>((resolve) => setTimeout(resolve, ASK_EVERY, false));
  while (!(await Promise.race([open, late()]))) check();
}
