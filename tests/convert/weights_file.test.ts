import { afterAll, expect, test } from "vitest";
import { loadSafetensors, toSafetensors } from "../../src/convert/index.ts";
import { dense, FormatError, lstm, readSafetensors, sequential, writeSafetensors } from "../../src/index.ts";
import { testDevice } from "../support/device.ts";

const device = await testDevice();
afterAll(() => device.dispose());

const make = (seed: number, units = 3) =>
  sequential([lstm({ units, name: "a" }), dense({ units: 2, name: "b" })], { device, inputShape: [4, 2], seed });

test("weights go from one model to another by name", async () => {
  const [from, to] = [make(1), make(2)];
  const bytes = await toSafetensors(from);
  expect([...readSafetensors(bytes).tensors.keys()]).toEqual(from.weightVariables.map(({ name }) => name));
  expect(await to.weights()).not.toEqual(await from.weights());
  // The order in the file does not matter: names do.
  await loadSafetensors(to, writeSafetensors(new Map([...readSafetensors(bytes).tensors].reverse())));
  expect(await to.weights()).toEqual(await from.weights());
});

test("a file that does not fit changes nothing", async () => {
  const model = make(3);
  const before = await model.weights();
  const { tensors } = readSafetensors(await toSafetensors(make(4)));
  const name = [...tensors.keys()].at(-1) as string;
  const cases: [Uint8Array, RegExp][] = [
    [await toSafetensors(make(1, 4)), /"a\/kernel" is \[2, 16\]; the model's is \[2, 12\]/],
    [
      writeSafetensors(new Map([...tensors, ["c/kernel", { shape: [1], data: Float32Array.of(1) }]])),
      /holds "c\/kernel"/,
    ],
    [writeSafetensors(new Map([...tensors].filter(([key]) => key !== name))), /has no "b\/bias"/],
    [
      writeSafetensors(new Map([...tensors, [name, { shape: [2], data: Float32Array.of(1, Number.NaN) }]])),
      /not finite/,
    ],
    [new Uint8Array(3), /cut short/],
  ];
  for (const [bytes, message] of cases) {
    await expect(loadSafetensors(model, bytes)).rejects.toThrow(message);
    await expect(loadSafetensors(model, bytes)).rejects.toBeInstanceOf(FormatError);
  }
  expect(await model.weights()).toEqual(before);
});
