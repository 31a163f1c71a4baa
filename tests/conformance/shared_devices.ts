/** A device that the app made and goes on using; several models on a device; several devices. */
import { VectorIndex } from "../../src/embed/index.ts";
import { type Device, DeviceError, DeviceLostError, DisposedError, requestDevice } from "../../src/index.ts";
import { smallData, smallModel, weightBits } from "../nn/small_model.ts";
import type { ConformanceCase } from "./case.ts";

const data = smallData(12);

/** A device as an app makes one, of which Sluice knows nothing, and the errors that nothing caught on it. */
async function appDevice() {
  const adapter = await navigator.gpu.requestAdapter();
  const gpu = await adapter?.requestDevice({ label: "the app's" });
  if (gpu === undefined) throw new Error("no device for the app");
  return { gpu, uncaught: uncaughtOn(gpu) };
}

/** Errors that nothing catches on it from now on. */
function uncaughtOn(gpu: GPUDevice): readonly string[] {
  const uncaught: string[] = [];
  gpu.addEventListener("uncapturederror", (event) => {
    event.preventDefault();
    uncaught.push(event.error.message);
  });
  return uncaught;
}

/** The buffers that are made on it from now on. */
function buffersOf(gpu: GPUDevice): readonly GPUBuffer[] {
  const buffers: GPUBuffer[] = [];
  const { createBuffer } = gpu;
  gpu.createBuffer = (descriptor) => {
    const buffer = createBuffer.call(gpu, descriptor);
    buffers.push(buffer);
    return buffer;
  };
  return buffers;
}

/** Trains on the device and gives the weights' bits. */
async function train(device: Device, seed: number): Promise<string> {
  using model = smallModel(device, { seed });
  await model.fit(data.x, data.y, { epochs: 2, batchSize: 5 });
  return (await weightBits(model)).join();
}

/** Writes a number and reads it back: the device is alive, and takes the app's work. */
async function works(gpu: GPUDevice): Promise<boolean> {
  const buffer = gpu.createBuffer({ size: 4, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST });
  gpu.queue.writeBuffer(buffer, 0, Uint32Array.of(7));
  // Deno writes with the next submit.
  gpu.queue.submit([]);
  await buffer.mapAsync(GPUMapMode.READ);
  const [number] = new Uint32Array(buffer.getMappedRange());
  buffer.destroy();
  return number === 7;
}

/** An error of the app's own: no buffer has such a usage. */
const fault = (gpu: GPUDevice) => gpu.createBuffer({ label: "the app's fault", size: 4, usage: 0 });

function expect(holds: boolean, what: string): void {
  if (!holds) throw new Error(what);
}

/** What apps that share GPUs with Sluice may rely on. */
export const sharedDeviceCases: readonly ConformanceCase[] = [
  {
    name: "devices: an app's device keeps its error scopes and its handler, and outlives dispose",
    async run() {
      const { gpu, uncaught } = await appDevice();
      // The app's scopes stay open across everything that Sluice does.
      gpu.pushErrorScope("validation");
      gpu.pushErrorScope("out-of-memory");
      const device = await requestDevice({ device: gpu });
      await train(device, 1);
      fault(gpu);
      await train(device, 2);
      device.dispose();
      device.dispose();
      expect(
        (await gpu.popErrorScope()) === null,
        "the app's scope for memory caught an error that is none of its own",
      );
      const error = await gpu.popErrorScope();
      expect(
        error instanceof GPUValidationError,
        `the app's scope caught ${error?.message}; expected the app's own fault`,
      );
      const left = await gpu.popErrorScope().then(
        () => "a scope",
        () => "none",
      );
      expect(left === "none", "Sluice left an error scope behind");
      fault(gpu);
      expect(await works(gpu), "the app's device does not work after dispose");
      expect(
        uncaught.length === 1,
        `the app's handler heard ${JSON.stringify(uncaught)}; expected its own fault alone`,
      );
      gpu.destroy();
    },
  },
  {
    name: "devices: an app's errors on Sluice's device are survived, and so is a scope that it leaves open",
    async run() {
      using device = await requestDevice();
      const { gpu } = device;
      const uncaught = uncaughtOn(gpu);
      using model = smallModel(device, { seed: 1 });
      // A scope that nobody closes, and one that was never opened.
      gpu.pushErrorScope("validation");
      const fit = model.fit(data.x, data.y, {
        epochs: 2,
        batchSize: 5,
        onProgress: () => {
          fault(gpu);
          gpu.queue.submit([]);
        },
      });
      await fit;
      await gpu.popErrorScope();
      await gpu.popErrorScope().catch(() => undefined);
      fault(gpu);
      await model.fit(data.x, data.y, { epochs: 1, batchSize: 5, onProgress: () => void fault(gpu) });
      const files = await model.toFiles();
      expect(files.size > 0, "the model cannot be saved");
      expect(await works(gpu), "the device does not work any more");
      // What a fault of the app meets within one of Sluice's scopes, the console gets instead; in Firefox most do.
      expect(uncaught.length > 0, `the app's handler heard ${JSON.stringify(uncaught)}; expected its own faults`);
    },
  },
  {
    name: "devices: an error in Sluice's own work ends it, whatever scope the app has open",
    async run() {
      const { gpu, uncaught } = await appDevice();
      using device = await requestDevice({ device: gpu });
      const buffers = buffersOf(gpu);
      using model = smallModel(device);
      await model.fit(data.x, data.y, { epochs: 1, batchSize: 5 });
      await model.predict(data.x);
      gpu.pushErrorScope("validation");
      for (const buffer of buffers) buffer.destroy();
      const error = await model.predict(data.x).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error instanceof DeviceError, `predict ended with ${String(error)}; expected a DeviceError`);
      expect((await gpu.popErrorScope()) === null, "the app's scope caught Sluice's error");
      expect(uncaught.length === 0, `the app's handler heard ${JSON.stringify(uncaught)}`);
      gpu.destroy();
    },
  },
  {
    name: "devices: an index disposed in the midst of a search leaves the app's device without an error",
    async run() {
      const { gpu, uncaught } = await appDevice();
      const device = await requestDevice({ device: gpu });
      for (let moment = 0; moment < 12; moment++) {
        const index = new VectorIndex(device, { dimension: 8 });
        await index.add(
          Array.from({ length: 100 }, (_, id) => id),
          Float32Array.from({ length: 800 }, (_, at) => Math.sin(at)),
        );
        const end = index.search(new Float32Array(8).fill(1), { k: 3 }).catch((error: unknown) => error);
        for (let turn = 0; turn < 3 * Math.min(moment, 6); turn++) await undefined;
        for (let turn = 6; turn < moment; turn++) await new Promise((resolve) => setTimeout(resolve));
        index.dispose();
        const came = await end;
        expect(came instanceof DisposedError || Array.isArray(came), `the search ended with ${String(came)}`);
      }
      expect(device.memory.buffers === 0, `${device.memory.buffers} buffers were left behind`);
      device.dispose();
      expect(await works(gpu), "the app's device does not work any more");
      expect(uncaught.length === 0, `the app's handler heard ${JSON.stringify(uncaught)}`);
      gpu.destroy();
    },
  },
  {
    name: "devices: the loss of an app's device is reported, and no other is opened",
    async run() {
      const { gpu } = await appDevice();
      const told: string[] = [];
      using device = await requestDevice({ device: gpu, onDeviceLost: ({ reason }) => void told.push(reason) });
      using model = smallModel(device);
      await model.fit(data.x, data.y, { epochs: 1, batchSize: 5 });
      gpu.destroy();
      await gpu.lost;
      const error = await model.fit(data.x, data.y, { epochs: 1, batchSize: 5 }).then(
        () => undefined,
        (reason: unknown) => reason,
      );
      expect(error instanceof DeviceLostError, `fit ended with ${String(error)}; expected a DeviceLostError`);
      expect(
        /The app created this device/.test(String(error)),
        `the error does not say whose device it was: ${String(error)}`,
      );
      expect(told.join() === "destroyed", `onDeviceLost was told "${told.join()}"; expected one loss`);
      expect(device.generation === 0, "another device was opened");
    },
  },
  {
    name: "devices: models that train at once on one device end as those that train alone",
    async run(device) {
      const alone = [await train(device, 1), await train(device, 2)];
      const buffers = device.memory.buffers;
      const together = await Promise.all([train(device, 1), train(device, 2)]);
      expect(together.join("|") === alone.join("|"), "two models on one device changed each other");
      expect(device.memory.buffers === buffers, `${device.memory.buffers - buffers} buffers were left behind`);
    },
  },
  {
    name: "devices: two in one page train at once; one is disposed, the other goes on",
    async run(device) {
      const other = await requestDevice();
      using model = smallModel(device, { seed: 4 });
      const fit = model.fit(data.x, data.y, { epochs: 3, batchSize: 5 });
      const theirs = await train(other, 1);
      other.dispose();
      await fit;
      expect(other.memory.buffers === 0, `the disposed device holds ${other.memory.buffers} buffers`);
      expect((await train(device, 1)) === theirs, "the same training ended differently on two devices of one adapter");
    },
  },
];
