/** The models that are converted: whatever they predict. */
import type { NdArray } from "../core/nd_array.ts";
import { instanceOf } from "../core/option_table.ts";
import { Model } from "../nn/model/model.ts";

/** A model, whatever it predicts. */
export type AnyModel = Model<NdArray | NdArray[]>;

/** What `sequential`, `model` and `loadModel` give. */
export const anyModel = instanceOf<AnyModel>("a model", Model);
