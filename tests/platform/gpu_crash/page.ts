/** Trains the same model on one device, again and again, as the test that opened the page asks. */
import { type Device, DeviceLostError, type Model, type Recovery, requestDevice } from "../../../src/index.ts";
import { smallData, smallModel, weightBits } from "../../nn/small_model.ts";

/** How a training ended. */
export interface Ended {
  /** The weights' bits. */
  readonly bits: readonly number[];
  readonly recoveries: readonly Recovery[];
  /** The reasons that `onDeviceLost` was told. */
  readonly told: readonly string[];
}

/** What came of a training that could not go on by itself. */
export interface Failed {
  readonly name: string;
  readonly message: string;
  readonly lastStep: number | undefined;
  readonly told: readonly string[];
  /** What `predict` answers afterwards, on a device that is gone for now. */
  readonly predict: string;
}

const data = smallData(22);
const options = { epochs: 3, batchSize: 8 };
let told: string[] = [];
let device: Device | undefined;
let failed: Model | undefined;

/** Trains nine steps, a snapshot after each third; `afterStep` is awaited after each. */
async function train(afterStep: (step: number) => Promise<void>): Promise<Ended | Failed> {
  told = [];
  device ??= await requestDevice({ onDeviceLost: ({ reason }) => void told.push(reason) });
  const model = smallModel(device);
  let steps = 0;
  try {
    const { recoveries } = await model.fit(data, {
      ...options,
      callbacks: [{ onBatchEnd: async () => afterStep(++steps) }],
    });
    return { bits: await weightBits(model), recoveries, told };
  } catch (error) {
    if (!(error instanceof DeviceLostError)) throw error;
    failed = model;
    const predict = await model.predict(data.x).then(
      () => "an answer",
      ({ name }) => name,
    );
    const { name, message, lastStep } = error;
    return { name, message, lastStep, told, predict };
  }
}

/** Goes on with the training that failed. */
async function goOn(): Promise<Ended> {
  const model = failed as Model;
  const { recoveries } = await model.fit(data, { ...options, resume: true });
  return { bits: await weightBits(model), recoveries, told };
}

Object.assign(globalThis, { train, goOn });
