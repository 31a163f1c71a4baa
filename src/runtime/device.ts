/** The type `Device` for the modules above the runtime, and a check for it. */
import type { Device } from "../gpu/device.ts";

export type { Device };

/** The description of a device in error messages. */
export const EXPECTED_DEVICE = "a device: await requestDevice()";

/** True for a device from `requestDevice`, but not for a promise of one. */
export const isDevice = (given: unknown): given is Device =>
  typeof given === "object" && given !== null && "traits" in given;
