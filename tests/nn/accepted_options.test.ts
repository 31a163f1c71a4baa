/**
 * What was accepted can be saved and loaded: every layer, model, initializer, regularizer, constraint, optimizer,
 * schedule, loss and metric is given hostile values for its options. Each is refused by a SluiceError when the model is
 * made, or the model survives a save. SLUICE_OPTIONS sets how many, SLUICE_SEED which; fast-check prints the smallest
 * case that still fails.
 */
import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import {
  bidirectional,
  type Device,
  dense,
  earlyStopping,
  gru,
  loadModel,
  lstm,
  lstmCell,
  type Model,
  rnn,
  SluiceError,
  sequential,
  stackedRnnCells,
  timeDistributed,
  ValueError,
} from "../../src/index.ts";
import { testDevice } from "../support/device.ts";
import { tally } from "../support/tally.ts";
import { type Options, PARTS, type Part } from "./option_parts.ts";

const RUNS = Number(process.env.SLUICE_OPTIONS ?? 600);
const SEED = Number(process.env.SLUICE_SEED ?? 20261126);

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});
afterAll(() => device.dispose());

const decode = (bytes: Uint8Array | undefined): unknown => JSON.parse(new TextDecoder().decode(bytes));

/** What a save holds, its files' names included: they are hashes of what is in them. */
const manifestOf = async (model: Model<never>) => decode((await model.toFiles()).get("model.json"));

/** @throws Error unless a save of the model can be loaded, and is then as the model. */
async function expectSaved(model: Model<never>): Promise<void> {
  const files = await model.toFiles();
  using again = await loadModel(files, { device });
  expect(await manifestOf(again as never)).toEqual(decode(files.get("model.json")));
}

/** Values that an option might be given; some of them are right for some options. */
const VALUES: readonly unknown[] = [
  ...[0, -0, 1, 2, -1, 0.5, -0.5, 1.5, 1e-320, 1e308, 2 ** 53, -(2 ** 53), Number.NaN, Number.POSITIVE_INFINITY],
  ...["", "a", "a/b", "a.b", "../..", "__proto__", "constructor", "toString", "\u0000", "\ud800", "é".repeat(10_000)],
  ...["5", "true", "relu", "l2", "zeros", "max_norm", "SAME", "hard_sigmoid", "callbacks", " mine "],
  ...[true, false, null, undefined, 10n, Symbol("s")],
  ...[[], [1], [1, 2], [0, 0], [Number.NaN], ["a"], [[1]], [undefined], new Array(3), new Float32Array([1, 2])],
  ...[{}, { name: 5 }, { name: "l2", l2: Number.NaN }, { name: "l2", l2: "0.1" }, { name: "l2", l2: 0.1, l3: 1 }],
  ...[
    { name: "gelu", approximate: 1 },
    { name: "threshold", threshold: 1 },
    { name: "relu", maxValue: null },
  ],
  ...[
    { name: "orthogonal", gain: 1e308 },
    { name: "constant", value: -0 },
    { name: "constant", value: "1" },
  ],
  ...[{ length: 1 }, { toJSON: () => "relu" }, { penalty: () => 0 }, { apply: () => 0 }, { at: () => 0.1 }],
  ...[() => 1, class Foo {}, new Date(0), new Map(), new Number(3), new String("relu"), new Boolean(true)],
  ...PARTS.flatMap(({ valid }) => Object.values(valid)),
];

/** Nothing that is right for a size and would take the machine's memory. */
const anything = fc.anything({
  values: [fc.integer({ min: -99, max: 99 }), fc.double({ noInteger: true }), fc.string(), fc.boolean(), fc.bigInt()],
});

/** An option that is another at each look. */
const turncoat = (first: unknown, then: unknown): PropertyDescriptor => {
  let looks = 0;
  return { enumerable: true, configurable: true, get: () => (looks++ === 0 ? first : then) };
};

interface Change {
  readonly option: number;
  readonly value: unknown;
  readonly isGetter: boolean;
}

/** The valid options of a part, all or those that must be there, with some of them changed. */
function optionsOf({ valid }: Part, changes: readonly Change[], isFew: boolean): Options {
  const names = [...Object.keys(valid), "surprise"];
  const kept = isFew ? Object.fromEntries(Object.entries(valid).slice(0, 3)) : { ...valid };
  for (const { option, value, isGetter } of changes) {
    const name = names[option % names.length] as string;
    const before = kept[name];
    Object.defineProperty(
      kept,
      name,
      isGetter ? turncoat(before, value) : { value, enumerable: true, configurable: true, writable: true },
    );
  }
  return kept;
}

async function attempt(part: Part, options: Options): Promise<"refused" | "saved"> {
  let model: Model<never>;
  try {
    model = part.make(device, options);
  } catch (error) {
    if (error instanceof SluiceError) return "refused";
    throw error;
  }
  try {
    await expectSaved(model);
    return "saved";
  } finally {
    model.dispose();
  }
}

test.each(PARTS.map((part) => [part.name, part] as const))("%s: all its options survive a save", async (_, part) => {
  expect(await attempt(part, optionsOf(part, [], false))).toBe("saved");
  // The list of its options has no gap: another is refused, and says which there are.
  const known = Object.keys(part.valid);
  const error = (() => {
    try {
      part.make(device, { ...optionsOf(part, [], false), surprise: 1 }).dispose();
    } catch (thrown) {
      return thrown;
    }
    return undefined;
  })();
  expect(error).toBeInstanceOf(ValueError);
  const listed = /expected some of (.*)$/.exec((error as Error).message)?.[1]?.split(", ") ?? [];
  const own = ["cells", "activation", "device", "inputs", "outputs", "inputShape", "loss"];
  expect(listed.filter((name) => !known.includes(name) && !own.includes(name))).toEqual([]);
});

test(`${RUNS} parts with hostile options are refused, or saved and loaded (seed ${SEED})`, {
  timeout: 7_200_000,
}, async () => {
  const change: fc.Arbitrary<Change> = fc.record({
    option: fc.nat(999),
    value: fc.oneof({ weight: 6, arbitrary: fc.constantFrom(...VALUES) }, { weight: 1, arbitrary: anything }),
    isGetter: fc.boolean(),
  });
  const counts = { refused: 0, saved: 0 };
  const { bytes } = device.memory;
  const property = fc.asyncProperty(
    fc.constantFrom(...PARTS),
    fc.array(change, { minLength: 1, maxLength: 3 }),
    fc.boolean(),
    async (part, changes, isFew) => {
      counts[await attempt(part, optionsOf(part, changes, isFew))]++;
    },
  );
  await fc.assert(property, { numRuns: RUNS, seed: SEED });
  expect(device.memory.bytes).toBe(bytes);
  console.log(`${counts.refused} refused, ${counts.saved} saved and loaded`);
  expect(Math.min(counts.refused, counts.saved)).toBeGreaterThan(RUNS / 10);
  tally({
    what: "parts of models with hostile options",
    tried: RUNS,
    lost: 0,
    note: `${counts.saved} accepted, saved and loaded; seed ${SEED}`,
  });
});

test(`${RUNS / 10} rows of layers with hostile names are refused, or saved and loaded`, {
  timeout: 7_200_000,
}, async () => {
  const name = fc.oneof(
    fc.constantFrom(...VALUES),
    fc.constantFrom("dense", "dense_1", "lstm", "forward_lstm", "backward_lstm", "cell_0", "kernel", "bidirectional"),
    fc.string({ maxLength: 4 }),
  );
  const property = fc.asyncProperty(fc.array(name, { minLength: 5, maxLength: 5 }), async (names) => {
    const [a, b, c, d, e] = names;
    const part: Part = {
      name: "a row",
      valid: {},
      make: () => {
        const inner = sequential([dense({ units: 2, name: a } as never)], { inputShape: [3, 2], name: b } as never);
        const layers = [
          inner,
          bidirectional({
            layer: lstm({ units: 2, returnSequences: true, name: c } as never),
            backwardLayer: gru({ units: 2, returnSequences: true, goBackwards: true, name: d } as never),
          }),
          timeDistributed({ layer: dense({ units: 2, name: e } as never) }),
        ];
        return sequential(layers, { device, inputShape: [3, 2] }) as never;
      },
    };
    await attempt(part, {});
  });
  await fc.assert(property, { numRuns: Math.ceil(RUNS / 10), seed: SEED });
});

test.each([
  ["a number for a name", () => dense({ units: 1, name: 5 } as never), /name is 5; expected text without "\/"/],
  ["an object for a name", () => dense({ units: 1, name: {} } as never), /name is an object; expected text/],
  ["a slash in a name", () => dense({ units: 1, name: "a/b" }), /name is "a\/b"; expected text without "\/"/],
  ["0 for false", () => dense({ units: 1, trainable: 0 } as never), /trainable is 0; expected true or false/],
  ["a name that is set later", () => Object.assign(dense({ units: 1 }), { name: 5 }), /name is 5/],
  ["0 for false, set later", () => Object.assign(dense({ units: 1 }), { trainable: 0 }), /trainable is 0/],
  ["a model's name", () => sequential([dense({ units: 1 })], { inputShape: [1], name: 5 } as never), /name is 5/],
  [
    "a name twice in a bidirectional layer",
    () =>
      bidirectional({
        layer: lstm({ units: 2, name: "both" }),
        backwardLayer: lstm({ units: 2, name: "both", goBackwards: true }),
      }),
    /both layers have the name "both"/,
  ],
  [
    "a regularizer of one's own that says nothing of itself",
    () => dense({ units: 1, kernelRegularizer: { penalty: (x: unknown) => x } } as never),
    /regularizer has penalty\(\) but no config/,
  ],
] as const)("%s is refused when the layer is made", (_, make, message) => {
  expect(make).toThrow(ValueError);
  expect(make).toThrow(message);
});

test("fit refuses what its saved training could not hold", async () => {
  using model = sequential([dense({ units: 1 })], { device, inputShape: [1] });
  model.compile({ loss: "mse" });
  for (const wrong of [{ shuffle: 0 }, { seed: 1.5 }, { seed: "7" }]) {
    await expect(model.fit([[1]], [1], wrong as never)).rejects.toThrow(ValueError);
  }
});

test("layers inside others stay frozen, in a training that goes on, and one may be called callbacks", async () => {
  const cells = [lstmCell({ units: 2 }), lstmCell({ units: 2 })];
  for (const one of cells.slice(1)) one.trainable = false;
  using model = sequential(
    [
      timeDistributed({ layer: dense({ units: 2, trainable: false }) }),
      bidirectional({ layer: lstm({ units: 2, trainable: false, returnSequences: true }) }),
      rnn({ cell: stackedRnnCells(cells) }),
      dense({ units: 1, name: "callbacks" }),
    ],
    { device, inputShape: [3, 2], seed: 1 },
  );
  model.compile({ loss: "mse", optimizer: "adam" });
  const x = Array.from({ length: 4 }, (_, row) => Array.from({ length: 3 }, (_, t) => [row / 4, t / 3]));
  const callbacks = () => [earlyStopping({ monitor: "loss", patience: 9, restoreBestWeights: true })];
  await model.fit(x, [0, 1, 0, 1], { epochs: 2, callbacks: callbacks() });
  await expectSaved(model as never);
  using again = await loadModel(await model.toFiles(), { device });
  for (const one of [model, again]) await one.fit(x, [0, 1, 0, 1], { resume: true, epochs: 3, callbacks: callbacks() });
  const bits = async (one: Model) => JSON.stringify((await one.weights()).map(({ data }) => Array.from(data)));
  expect(await bits(again)).toBe(await bits(model));
});
