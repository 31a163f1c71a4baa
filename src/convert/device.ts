/** Rooms above the runtime know the device by type only. */
import type { Model } from "../nn/model/model.ts";

/** The device that a model lives on. */
export type Device = Model["device"];
