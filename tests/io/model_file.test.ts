import fc from "fast-check";
import { describe, expect, test, vi } from "vitest";
import { FormatError } from "../../src/core/errors.ts";
import { fetchModel, packModel, type SavedModel, unpackModel } from "../../src/io/model_file.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";

const weightsOf = (value: number): Uint8Array =>
  writeSafetensors(new Map([["w", { shape: [2], data: new Float32Array([value, -value]) }]]));
const modelOf = (value: number): SavedModel => ({
  architecture: { kind: "sequential", layers: [value] },
  encoder: { kind: "reviews" },
  training: { step: value },
  weights: weightsOf(value),
  optimizer: weightsOf(value + 0.5),
});

describe("a packed model", () => {
  test("comes back as it went", async () => {
    const files = await packModel(modelOf(1));
    expect([...files.keys()].at(-1)).toBe("model.json");
    expect(await unpackModel(files)).toEqual(modelOf(1));
    const bare = { architecture: [], weights: weightsOf(3) };
    expect(await unpackModel(await packModel(bare))).toEqual({
      ...bare,
      encoder: undefined,
      training: undefined,
      optimizer: undefined,
    });
  });

  test("the same model makes the same bytes", async () => {
    expect([...(await packModel(modelOf(1)))]).toEqual([...(await packModel(modelOf(1)))]);
  });

  test("refuses damage, foreign files and newer versions", async () => {
    const files = await packModel(modelOf(1));
    const [weightsName = "", optimizerName = ""] = [...files.keys()];
    const manifest = JSON.parse(new TextDecoder().decode(files.get("model.json")));
    const withManifest = (json: unknown) =>
      new Map([...files, ["model.json", new TextEncoder().encode(JSON.stringify(json))]]);
    const withFile = (name: string, bytes: Uint8Array) => new Map([...files, [name, bytes]]);
    const weights = files.get(weightsName) as Uint8Array;
    const flipped = Uint8Array.from(weights);
    flipped[20] = 0;
    const { weights: record } = manifest.files;
    const renamed = (name: string) => withManifest({ ...manifest, files: { weights: { ...record, name } } });
    const cases: [Map<string, Uint8Array>, RegExp][] = [
      [withFile(weightsName, weights.subarray(0, 30)), /has 30 bytes; expected \d+.*cut short/],
      [withFile(weightsName, flipped), /SHA-256 is/],
      [withManifest({ ...manifest, format: "other" }), /format is "other"; expected "sluice-model"/],
      [withManifest({ ...manifest, formatVersion: 3 }), /format version 3; this Sluice reads versions 1 to 2/],
      [withManifest({ ...manifest, files: {} }), /names no weights/],
      [withManifest({ ...manifest, architecture: undefined }), /no architecture/],
      [withManifest([]), /expected an object/],
      [renamed("../secret"), /expected weights-HASH.safetensors in the same directory/],
      [renamed(`x/${weightsName}`), /in the same directory/],
      [renamed(optimizerName), /in the same directory/],
      [withFile("model.json", new TextEncoder().encode('{"format":')), /expected JSON/],
      [withFile("model.json", new TextEncoder().encode('{"format":"a","format":"sluice-model"}')), /occurs twice/],
      [new Map([...files].filter(([name]) => name !== weightsName)), /weights-.* is missing/],
      [new Map(), /model.json is missing/],
    ];
    for (const [broken, message] of cases) {
      await expect(unpackModel(broken)).rejects.toThrow(FormatError);
      await expect(unpackModel(broken)).rejects.toThrow(message);
    }
  });

  test("a folder that was replaced on its server is read anew, past the browser's cache", async () => {
    const [before, after] = [await packModel(modelOf(1)), await packModel(modelOf(2))];
    const requests: string[] = [];
    // The cache still has the old model.json; the server has the new save alone.
    vi.stubGlobal("fetch", async (url: string, { cache = "default" }: RequestInit) => {
      const name = url.replace("https://host/model/", "");
      requests.push(`${name.replace(/-.*/, "")} ${cache}`);
      const bytes = (name === "model.json" && cache === "default" ? before : after).get(name);
      return bytes === undefined ? new Response("", { status: 404 }) : new Response(Uint8Array.from(bytes));
    });
    try {
      expect(await fetchModel("https://host/model")).toEqual(modelOf(2));
      expect(requests.slice(0, 3)).toEqual(["model.json default", "weights default", "model.json reload"]);
      after.delete([...after.keys()][0] ?? "");
      await expect(fetchModel("https://host/model/")).rejects.toThrow(/weights-.*404/);
    } finally {
      vi.unstubAllGlobals();
    }
  });

  test("mutated manifests give a model or a FormatError", async () => {
    const files = await packModel(modelOf(1));
    const whole = files.get("model.json") as Uint8Array;
    const flips = fc.array(fc.tuple(fc.nat({ max: whole.length - 1 }), fc.integer({ min: 1, max: 255 })), {
      minLength: 1,
      maxLength: 3,
    });
    const cut = fc.integer({ min: 0, max: whole.length });
    await fc.assert(
      fc.asyncProperty(flips, cut, fc.boolean(), async (list, length, truncate) => {
        const bytes = Uint8Array.from(truncate ? whole.subarray(0, length) : whole);
        for (const [at, flip] of list) if (at < bytes.length) bytes[at] = (bytes[at] as number) ^ flip;
        await unpackModel(new Map([...files, ["model.json", bytes]])).catch((error) =>
          expect(error).toBeInstanceOf(FormatError),
        );
      }),
      { numRuns: 500, seed: 1 },
    );
  });
});
