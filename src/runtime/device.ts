/** The device as the rooms above the runtime see it: its type, and how to tell it from other values. */
import { type OptionKind, resolvedBy } from "../core/option_table.ts";
import type { Device } from "../gpu/device.ts";

export type { Device };

/** What `requestDevice` gives; a Promise of it is none. */
export const deviceKind: OptionKind<Device> = resolvedBy("a device: await requestDevice()", (given: Device) =>
  typeof given === "object" && given !== null && "traits" in given ? given : undefined,
);
