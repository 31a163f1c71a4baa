/** The options of `requestDevice`. */
import type { DeviceLostError } from "../core/errors.ts";
import {
  bytes,
  either,
  flag,
  functionLike,
  ifGiven,
  type OptionsOf,
  oneOf,
  optionsOf,
  resolvedBy,
  type TableOf,
  withDefault,
} from "../core/option_table.ts";
import { TUNE, type TuneOptions } from "../core/tuning.ts";

/** Options of `requestDevice`. */
export interface DeviceOptions {
  /** A device that the app created. Sluice uses it but never destroys it. */
  readonly device?: GPUDevice;
  readonly powerPreference?: GPUPowerPreference;
  /** Stay within WebGPU's default limits, which every adapter supports. */
  readonly defaultLimits?: boolean;
  /**
   * Choose between a kernel's variants by measurement, once per adapter and shape, and store the choice;
   * `tuningOf(device)` returns the choices. By default the choice is a pure function of adapter and shape, and nothing
   * is measured or stored.
   */
  readonly tune?: boolean | TuneOptions;
  /**
   * The most bytes that the engine's buffers may take in total; a buffer beyond it is an OutOfMemoryError. Default: the
   * adapter's memory.
   */
  readonly memoryLimit?: number;
  /**
   * Called at each loss of the device, before Sluice recovers; not called by `dispose`. Sluice reopens a device that it
   * opened itself. For a device that the app created, return a new one here to let Sluice continue.
   */
  readonly onDeviceLost?: (
    error: DeviceLostError,
  ) => GPUDevice | undefined | void | Promise<GPUDevice | undefined> | Promise<void>;
}

const gpuDevice = resolvedBy("a GPUDevice, such as await adapter.requestDevice()", (given: GPUDevice) =>
  typeof given?.createBuffer === "function" ? given : undefined,
);

/** The options of `requestDevice`. */
export const DEVICE = {
  powerPreference: ifGiven(oneOf(["low-power", "high-performance"])),
  device: ifGiven(gpuDevice),
  defaultLimits: withDefault(flag, false),
  tune: withDefault(either(flag, optionsOf("requestDevice: tune", TUNE)), false),
  memoryLimit: withDefault(bytes, Number.POSITIVE_INFINITY),
  onDeviceLost: ifGiven(functionLike<DeviceOptions["onDeviceLost"]>("(error) => …")),
} satisfies TableOf<DeviceOptions>;

/** The validated options of `requestDevice`. */
export type DeviceSettings = OptionsOf<typeof DEVICE>;
