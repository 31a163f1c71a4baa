/** The choice between variants by measurement: which is taken, what is kept, and that a damaged store harms nothing. */
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { DeviceError } from "../../src/core/errors.ts";
import type { KernelCall } from "../../src/core/kernel_call.ts";
import type { TuningStore } from "../../src/core/tuning.ts";
import type { Device } from "../../src/gpu/device.ts";
import { constant, type Graph } from "../../src/graph/operation.ts";
import { matmul } from "../../src/ops/matmul/matmul.ts";
import { cacheDirectory, fileText } from "../../src/platform/stored_text.ts";
import { timeCall } from "../../src/runtime/measure/time_call.ts";
import { tuningOf } from "../../src/runtime/measure/tune.ts";
import { TuningMemory } from "../../src/runtime/measure/tuning_memory.ts";
import { Program } from "../../src/runtime/run/program.ts";
import { testDevice, tunedDevice } from "../support/device.ts";

const CALL = "matmul 6x7x5 nn linear";

let shared: Device;
let directory: string;

beforeAll(async () => {
  shared = await testDevice();
  directory = await mkdtemp(join(tmpdir(), "sluice-tune-"));
});
afterAll(() => rm(directory, { recursive: true }));

/** A store in memory, and how often it was written. */
function memoryStore(text?: string): TuningStore & { text: string | undefined; writes: number } {
  return {
    text,
    writes: 0,
    async read() {
      return this.text;
    },
    async write(next: string) {
      this.text = next;
      this.writes++;
    },
  };
}

/** A timer by which `fastest` takes a second, and all others two; it lists what it was asked. */
function timerFor(fastest: string) {
  const asked: string[] = [];
  const timer = async (_: KernelCall, variant: string) => {
    asked.push(variant);
    return variant === fastest ? 1 : 2;
  };
  return { asked, timer };
}

function product(rows = 6): Graph {
  const of = (shape: readonly [number, number]) => ({
    shape,
    data: Float32Array.from({ length: shape[0] * shape[1] }, (_, index) => Math.sin(index)),
  });
  return { outputs: [matmul(constant(of([rows, 7])), constant(of([7, 5])))], updates: [] };
}

/** The entry points that a graph's dispatches run: a variant's is named after it. */
async function variantsRun(device: Device, graph: Graph, variants?: Map<string, string>): Promise<string[]> {
  using program = await Program.compile(device, graph, { label: "tuned", inputs: [], variants });
  await program.run();
  return (await program.profile()).map(({ kernel }) => kernel);
}

describe("choosing", () => {
  test("the fastest variant runs, each shape is measured once, and choices are listed with their times", async () => {
    const store = memoryStore();
    const { asked, timer } = timerFor("tiled");
    using device = await tunedDevice({ store, timer });
    expect(await variantsRun(device, product())).toEqual(["matmul/tiled"]);
    expect(await variantsRun(device, product())).toEqual(["matmul/tiled"]);
    // The untuned choice of so small a product comes first.
    expect(asked).toEqual(["naive", "tiled", "direct", "subgroup"]);
    const seconds = { naive: 2, tiled: 1, direct: 2, subgroup: 2 };
    expect(tuningOf(device).choices).toEqual([{ call: CALL, variant: "tiled", from: "measured", seconds }]);
    expect(store.writes).toBe(1);
    await variantsRun(device, product(9));
    expect(tuningOf(device).choices.map(({ call }) => call)).toEqual([CALL, "matmul 9x7x5 nn linear"]);
  });

  test("what runs untuned stays where another is hardly faster", async () => {
    for (const [time, chosen] of [
      [0.97, "naive"],
      [0.9, "tiled"],
    ] as const) {
      const timer = async (_: KernelCall, variant: string) => (variant === "tiled" ? time : 1);
      using device = await tunedDevice({ store: memoryStore(), timer });
      expect(await variantsRun(device, product())).toEqual([`matmul/${chosen}`]);
    }
  });

  test("without tune nothing is measured, listed or kept", async () => {
    using device = await tunedDevice(false);
    const kept = new Map<string, string>();
    expect(await variantsRun(device, product(), kept)).toEqual(["matmul/naive"]);
    expect(tuningOf(device).choices).toEqual([]);
    expect(kept.size).toBe(0);
  });

  test("what a caller keeps comes first, with tune and without, and takes up the rest", async () => {
    const { asked, timer } = timerFor("tiled");
    for (const tune of [false, { store: memoryStore(), timer }]) {
      using device = await tunedDevice(tune);
      const kept = new Map([[CALL, "direct"]]);
      expect(await variantsRun(device, product(), kept)).toEqual(["matmul/direct"]);
      expect(tuningOf(device).choices).toEqual([{ call: CALL, variant: "direct", from: "replayed" }]);
      expect(asked).toEqual([]);
    }
    using device = await tunedDevice({ store: memoryStore(), timer });
    const kept = new Map([[CALL, "a variant of another version"]]);
    expect(await variantsRun(device, product(), kept)).toEqual(["matmul/tiled"]);
    expect([...kept]).toEqual([[CALL, "tiled"]]);
  });

  test("a variant that the device refuses is none; any other error is one", async () => {
    const refusing = async (_: KernelCall, variant: string) => {
      if (variant === "tiled") throw new DeviceError("no");
      return variant === "direct" ? 1 : 2;
    };
    using device = await tunedDevice({ store: memoryStore(), timer: refusing });
    expect(await variantsRun(device, product())).toEqual(["matmul/direct"]);
    expect(Object.keys(tuningOf(device).choices[0]?.seconds ?? {})).not.toContain("tiled");
    const broken = async () => {
      throw new TypeError("a fault of the timer's own");
    };
    using other = await tunedDevice({ store: memoryStore(), timer: broken });
    await expect(variantsRun(other, product())).rejects.toThrow(TypeError);
  });

  test("when the time is up the rest runs as untuned, which is listed but not remembered", async () => {
    const store = memoryStore();
    const { asked, timer } = timerFor("tiled");
    using device = await tunedDevice({ store, timer, seconds: 0 });
    const kept = new Map<string, string>();
    expect(await variantsRun(device, product(), kept)).toEqual(["matmul/naive"]);
    expect(asked).toEqual([]);
    expect(tuningOf(device).choices).toEqual([{ call: CALL, variant: "naive", from: "default" }]);
    expect([...kept]).toEqual([[CALL, "naive"]]);
    expect(store.writes).toBe(0);
  });

  test("a variant that takes many more dispatches than the untuned one is not tried", async () => {
    const { asked, timer } = timerFor("naive");
    using device = await tunedDevice({ store: memoryStore(), timer });
    const many = { dispatches: Array.from({ length: 20 }, (_, index) => ({ label: `${index}` })) };
    const few = { dispatches: [{ label: "one" }] };
    const call = {
      ...{ kernel: "fake", reads: {}, writes: {}, variants: ["slow", "quick", "other"], shapeClass: "1" },
      plan: (_: unknown, variant = "quick") => (variant === "slow" ? many : { ...few, variant }),
    } as unknown as KernelCall;
    await tuningOf(device).chooserFor(() => [call]);
    expect(asked).toEqual(["quick", "other"]);
  });

  test("the device's own clock gives a time for every variant", async () => {
    const calls: KernelCall[] = [];
    const timer = async (call: KernelCall, variant: string) => {
      calls.push(call);
      const seconds = await timeCall(shared, call, variant);
      expect(seconds).toBeGreaterThan(0);
      expect(seconds).toBeLessThan(5);
      return seconds;
    };
    using device = await tunedDevice({ store: memoryStore(), timer });
    const before = shared.memory.buffers;
    await variantsRun(device, product());
    expect(calls.length).toBeGreaterThanOrEqual(3);
    expect(shared.memory.buffers).toBe(before);
  });
});

describe("remembering", () => {
  test("a second device on the same store measures nothing", async () => {
    const store = memoryStore();
    const first = timerFor("direct");
    using device = await tunedDevice({ store, timer: first.timer });
    await variantsRun(device, product());
    const second = timerFor("tiled");
    using again = await tunedDevice({ store, timer: second.timer });
    expect(await variantsRun(again, product())).toEqual(["matmul/direct"]);
    expect(second.asked).toEqual([]);
    expect(tuningOf(again).choices).toEqual([{ call: CALL, variant: "direct", from: "remembered" }]);
    expect(store.writes).toBe(1);
  });

  test("another adapter's choices stay in the store, and are not used", async () => {
    const theirs = { "another adapter": { [CALL]: "direct" } };
    const store = memoryStore(JSON.stringify({ format: "sluice-tuning", version: 1, adapters: theirs }));
    using device = await tunedDevice({ store, timer: timerFor("tiled").timer });
    expect(await variantsRun(device, product())).toEqual(["matmul/tiled"]);
    const { adapters } = JSON.parse(store.text ?? "");
    expect(adapters).toEqual({
      ...theirs,
      [tuningOf(device).adapter]: { [CALL]: expect.stringMatching(/^tiled of [0-9a-f]{8}$/) },
    });
  });

  const damaged = ["", "{", "null", '"text"', "[1]", '{"format":"other"}', '{"format":"sluice-tuning","version":2}'];
  for (const text of damaged) {
    test(`a store that holds ${text || "nothing"} is begun anew`, async () => {
      const store = memoryStore(text);
      using device = await tunedDevice({ store, timer: timerFor("tiled").timer });
      expect(await variantsRun(device, product())).toEqual(["matmul/tiled"]);
      expect(tuningOf(device).problem).toBeDefined();
      using again = await tunedDevice({ store, timer: timerFor("direct").timer });
      expect(await variantsRun(again, product())).toEqual(["matmul/tiled"]);
    });
  }

  test("a remembered variant that is not known here is measured anew", async () => {
    const store = memoryStore();
    using device = await tunedDevice({ store, timer: timerFor("direct").timer });
    await variantsRun(device, product());
    store.text = store.text?.replace('"direct of', '"warp of');
    using again = await tunedDevice({ store, timer: timerFor("tiled").timer });
    expect(await variantsRun(again, product())).toEqual(["matmul/tiled"]);
  });

  test("a choice among kernels that have changed since is made anew, and takes the old one's place", async () => {
    const store = memoryStore();
    using device = await tunedDevice({ store, timer: timerFor("direct").timer });
    await variantsRun(device, product());
    const kept = store.text as string;
    for (const old of [
      kept.replace(/direct of [0-9a-f]{8}/, "direct of 00000000"),
      kept.replace(/ of [0-9a-f]{8}/, ""),
    ]) {
      store.text = old;
      using again = await tunedDevice({ store, timer: timerFor("tiled").timer });
      expect(await variantsRun(again, product())).toEqual(["matmul/tiled"]);
      expect(store.text).toBe(kept.replace("direct", "tiled"));
    }
  });

  test("a store that cannot be read or written only says so", async () => {
    const fails = async () => {
      throw new Error("the disk is gone");
    };
    using device = await tunedDevice({ store: { read: fails, write: fails }, timer: timerFor("tiled").timer });
    expect(await variantsRun(device, product())).toEqual(["matmul/tiled"]);
    expect(tuningOf(device).problem).toMatch("the disk is gone");
  });

  test("what two devices add at once is all kept", async () => {
    const { store, path } = { store: memoryStore(), path: join(directory, "at once.json") };
    for (const place of [store, path]) {
      const memories = ["one", "two", "one"].map((adapter) => new TuningMemory(place, adapter));
      await Promise.all(memories.map((memory, index) => memory.add(new Map([[`call ${index}`, "naive"]]))));
      const [one, two] = memories;
      expect([...((await one?.read())?.keys() ?? [])]).toEqual(["call 0", "call 2"]);
      expect([...((await two?.read())?.keys() ?? [])]).toEqual(["call 1"]);
    }
  });

  test("a path is a file, made with its directory; a damaged one is replaced", async () => {
    const path = join(directory, "deep", "tuning.json");
    using device = await tunedDevice({ store: path, timer: timerFor("tiled").timer });
    await variantsRun(device, product());
    expect(JSON.parse(await readFile(path, "utf8")).adapters[tuningOf(device).adapter]).toEqual({
      [CALL]: expect.stringMatching(/^tiled of/),
    });
    await writeFile(path, Uint8Array.of(0xff, 0xfe, 0));
    using again = await tunedDevice({ store: path, timer: timerFor("direct").timer });
    expect(await variantsRun(again, product())).toEqual(["matmul/direct"]);
    expect(await fileText(path).read()).toMatch("direct");
  });
});

test("caches lie where the system keeps them", () => {
  const at = (platform: string, env: Record<string, string>) => cacheDirectory({ process: { platform, env } });
  expect(at("linux", { XDG_CACHE_HOME: "/c", HOME: "/home/me" })).toBe("/c");
  expect(at("linux", { XDG_CACHE_HOME: "not/absolute", HOME: "/home/me" })).toBe("/home/me/.cache");
  expect(at("linux", { HOME: "/home/me" })).toBe("/home/me/.cache");
  expect(at("darwin", { HOME: "/Users/me" })).toBe("/Users/me/Library/Caches");
  expect(at("win32", { LOCALAPPDATA: "C:\\me\\Local" })).toBe("C:\\me\\Local");
});
