/** The device as the rooms above the runtime see it: its type, and how to tell it from other values. */
import type { Device } from "../gpu/device.ts";

export type { Device };

/** What an option for a device expects. */
export const EXPECTED_DEVICE = "a device: await requestDevice()";

/** True for what `requestDevice` resolves with, not for its promise. */
export const isDevice = (given: unknown): given is Device =>
  typeof given === "object" && given !== null && "traits" in given;
