import { type OptionKind, resolvedBy } from "../core/option_table.ts";
import { type Device, EXPECTED_DEVICE, isDevice } from "./device.ts";

/** An option that takes a device. */
export const deviceKind: OptionKind<Device> = resolvedBy(EXPECTED_DEVICE, (given: unknown) =>
  isDevice(given) ? given : undefined,
);
