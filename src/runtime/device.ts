/** The device as the rooms above the runtime see it: by type only. */
export type { Device } from "../gpu/device.ts";
