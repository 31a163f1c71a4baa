/** Every entry point of every shader that a kernel puts together, as it is printed: what it holds, and that it compiles. */
import { beforeAll, describe, expect, test } from "vitest";
import type { Device } from "../../../src/index.ts";
import type { PrintedEntry, Shader, ShaderFeature } from "../../../src/kernels/wgsl/shader.ts";
import { testDevice } from "../../support/device.ts";
import { reflect } from "./reflect.ts";
import { entryNames, featuresOf, isRepeatable, kernelShaders, SHADER_FILES } from "./shader_files.ts";

const SHADERS = await kernelShaders();

/** Every set of features, for so few of them. */
const KNOWN: readonly ShaderFeature[] = ["subgroups", "scratch", "unrolled_rows"];

function subsets<T>([first, ...rest]: readonly T[]): T[][] {
  if (first === undefined) return [[]];
  return subsets(rest).flatMap((set) => [set, [first, ...set]]);
}

interface Case {
  readonly title: string;
  readonly shader: Shader;
  readonly entryPoint: string;
}

const CASES = SHADERS.flatMap(({ label, shader, declarations, templates }) => {
  const features = KNOWN.filter((feature) => featuresOf(declarations).includes(feature));
  const copies = isRepeatable(templates) ? [1, 2] : [1];
  return entryNames(declarations).flatMap((entryPoint) =>
    subsets(features).flatMap((set) =>
      copies.map((count): Case => {
        const edited = shader.features(set);
        const title = [
          `${entryPoint} of ${label}`,
          ...set.map((each) => `with ${each}`),
          ...(count > 1 ? ["of two"] : []),
        ];
        return {
          title: title.join(", "),
          shader: count > 1 ? edited.repeated(count) : edited,
          entryPoint,
        };
      }),
    ),
  );
});

let device: Device;
beforeAll(async () => {
  device = await testDevice();
});

test("every file is part of a kernel's shader, and every feature is known", () => {
  const used = new Set(SHADERS.flatMap(({ files }) => files));
  expect(SHADER_FILES.map(({ name }) => name).filter((name) => !used.has(name))).toEqual([]);
  expect(SHADERS.flatMap(({ declarations }) => featuresOf(declarations)).filter((each) => !isKnown(each))).toEqual([]);
});

const isKnown = (feature: string) => KNOWN.some((known) => known === feature);

describe.each(CASES)("$title", ({ shader, entryPoint }) => {
  const printed = shader.entry(entryPoint);

  test("declares what it reads and writes, and nothing else", () => {
    expectOnlyWhatIsReached(printed, entryPoint);
  });

  test("compiles", async () => {
    await compile(device, printed, entryPoint);
  });

  const optional = [...new Set(printed.buffers.map(({ name }) => name))].filter(
    (name) => shader.typeOf(`HAS_${name.toUpperCase()}`) !== undefined,
  );

  test.runIf(optional.length > 0)(
    "compiles without each of its buffers that may be absent, and without all",
    async () => {
      for (const absent of [...optional.map((name) => [name]), optional]) {
        const without = shader.without(absent).entry(entryPoint);
        const names = printed.buffers.map(({ name }) => name).filter((name) => !absent.includes(name));
        expect(without.buffers.map(({ name }) => name)).toEqual(names);
        expectOnlyWhatIsReached(without, entryPoint);
        await compile(device, without, entryPoint);
      }
    },
  );
});

/** What wgsl_reflect finds in the printed text is what the entry says of itself, and the entry point reaches all of it. */
function expectOnlyWhatIsReached({ source, params, buffers }: PrintedEntry, entryPoint: string): void {
  const found = reflect(source);
  expect(found.params).toEqual(params.map(({ name, type }) => `${name}: ${type}`));
  const names = buffers.map(({ name, copy }) => (copy === undefined ? name : `${name}_${copy}`));
  expect(found.buffers.map((text) => text.replace(/: .*,/, ":"))).toEqual(
    buffers.map(({ access }, index) => `${index + 1} ${names[index]}: ${access}`),
  );
  expect(found.entries.map(({ name }) => name)).toEqual([entryPoint]);
  expect([...(found.entries[0]?.buffers ?? [])].sort()).toEqual([...names].sort());
  const calls = (name: string) => source.match(new RegExp(`(?<!fn )\\b${name}\\(`))?.length ?? 0;
  expect(found.functions.filter((name) => calls(name) === 0)).toEqual([]);
}

/** @throws DeviceError with the compiler's words. */
async function compile({ pipelines }: Device, { source, buffers }: PrintedEntry, entryPoint: string): Promise<void> {
  const access = buffers.map((buffer) => buffer.access);
  await pipelines.get(entryPoint, source, entryPoint, access);
}
