/** Modules above the runtime use only the device's type. */
import type { Model } from "../nn/model/model.ts";

/** The device of a model. */
export type Device = Model["device"];
