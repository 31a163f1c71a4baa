/** The type of models to convert, with any outputs. */
import type { NdArray } from "../core/nd_array.ts";
import { instanceOf } from "../core/option_table.ts";
import { Model } from "../nn/model/model.ts";

/** A model with any outputs. */
export type AnyModel = Model<NdArray | NdArray[]>;

/** A model, as returned by `sequential`, `model` and `loadModel`. */
export const anyModel = instanceOf<AnyModel>("a model", Model);
