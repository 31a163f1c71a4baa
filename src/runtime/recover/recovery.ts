/** Repeats work after the loss of its device. */
import { DeviceError, DeviceLostError, LimitError } from "../../core/errors.ts";
import type { StoredVariable } from "../../graph/operation.ts";
import type { Device } from "../device.ts";
import { lossBehind } from "../run/staging.ts";
import { variablesOf } from "../run/variables.ts";

/** After this many losses without progress, the work fails. */
const MOST_LOSSES = 3;
/** How often to call `check` while waiting for a new device, in milliseconds. */
const ASK_EVERY = 250;

/** Options of `recovering`. */
export interface RecoveryOptions {
  /** Throws when the work should stop, such as after an abort. */
  readonly check?: () => void;
  /** The variables that the work changes, if it changes nothing else. After a loss they are restored. */
  readonly changes?: readonly StoredVariable[];
  /** Returns a number that increases as the work progresses. */
  readonly progress?: () => number;
  /** Returns false if the work is not repeated after this loss. Default: it is repeated. */
  readonly isRetried?: (loss: DeviceLostError) => boolean;
  /** Called after each loss once another device is open, before the work is repeated. */
  readonly onRecovered?: (loss: DeviceLostError) => void;
}

/**
 * Runs work on a device. If the device is lost, waits for a new one and runs the work again. The work itself determines
 * where to resume: its state on the GPU is in Variables, whose copies on the host `Snapshots` keeps.
 *
 * @throws the work's error; DeviceLostError when no other device is available, or after three losses without progress.
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
    // If the device is usable, `work` starts synchronously, so that it reads its arguments before the caller continues.
    if (device.loss !== undefined) await untilReopened(device, check);
    device.assertOpen();
    const { generation } = device;
    try {
      return await undoing(device, changes, work);
    } catch (error) {
      // Other errors are not losses: invalid input, an error of a callback, or too little memory.
      if (!(error instanceof DeviceError) || error instanceof LimitError) throw error;
      const loss = await lossBehind(device, generation, error);
      if (loss === undefined) throw error;
      // A loss that the device has not recorded cannot be recovered here.
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

/** Runs work. If the device is lost meanwhile, restores the variables. */
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
  // If `check` ends the wait, a later rejection is ignored.
  open.catch(() => undefined);
  const late = () => new Promise<false>((resolve) => setTimeout(resolve, ASK_EVERY, false));
  while (!(await Promise.race([open, late()]))) check();
}
