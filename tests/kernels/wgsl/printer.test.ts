/** What is printed of a shader, for any loops, arrays, conditions and buffers: beside what they mean. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Shader, type ShaderFeature } from "../../../src/kernels/wgsl/shader.ts";
import { squeezed } from "./squeezed.ts";

const CONSTANTS = "const TWO = 2u;\nconst THREE = TWO + 1u;\nconst FOUR = (THREE - 1u) * TWO;\n";
const VALUES: Readonly<Record<string, number>> = { TWO: 2, THREE: 3, FOUR: 4 };

/** The body of the entry point `main` that is printed of these lines, a statement a line. */
function printed(lines: readonly string[], features: readonly ShaderFeature[] = []): string[] {
  const source = `${CONSTANTS}@compute @workgroup_size(1)\nfn main() {\n${lines.join("\n")}\n}\n`;
  const text = Shader.of({ source }).features(features).entry("main").source;
  return text
    .slice(text.indexOf("fn main() {") + "fn main() {".length, text.lastIndexOf("}"))
    .split("\n")
    .filter((line) => line !== "")
    .map(squeezed);
}

describe("loops", () => {
  /** A call, or a loop around others. */
  type Node = { readonly count: string; readonly mark: string; readonly body: readonly Node[] } | "call";

  const { nodes } = fc.letrec<{ nodes: Node[]; node: Node }>((tie) => ({
    nodes: fc.array(tie("node"), { maxLength: 3 }),
    node: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      fc.constant<Node>("call"),
      fc.record({
        count: fc.constantFrom("0", "1u", "2u", "TWO", "THREE", "TWO * 2u", "(TWO + 1u) / 2u"),
        mark: fc.constantFrom("// @unroll", "  // @unroll (whatever)", "// @unroll(unrolled_rows)", ""),
        body: tie("nodes"),
      }),
    ),
  }));

  const write = (tree: readonly Node[], variables: readonly string[]): string[] =>
    tree.flatMap((node) => {
      if (node === "call") return [`g(${["p.v0", ...variables].join(", ")});`];
      const variable = `v${variables.length}`;
      return [
        ...(node.mark === "" ? [] : [node.mark]),
        `  for (var ${variable} = 0u; ${variable} < ${node.count}; ${variable}++) { // a comment`,
        ...write(node.body, [...variables, variable]),
        "}",
      ];
    });

  const countOf = (count: string) =>
    count === "(TWO + 1u) / 2u" ? 1 : count === "TWO * 2u" ? 4 : (VALUES[count] ?? Number.parseInt(count, 10));

  /** What runs, where all loops but those of `isKept` are unrolled: the calls and heads of loops, in their order. */
  const run = (tree: readonly Node[], values: readonly string[], isKept: (mark: string) => boolean): string[] =>
    tree.flatMap((node) => {
      if (node === "call") return [`g(${["p.v0", ...values].join(", ")});`];
      if (isKept(node.mark)) {
        const name = `v${values.length}`;
        return [`for ${name}: ${node.count}`, ...run(node.body, [...values, name], isKept)];
      }
      return Array.from({ length: countOf(node.count) }, (_, index) =>
        run(node.body, [...values, `${index}u`], isKept),
      ).flat();
    });

  test.each([[[]], [["unrolled_rows" as const]]])(
    "are unrolled where they are marked, with features %j",
    (features) => {
      fc.assert(
        fc.property(nodes, (tree) => {
          const statements = printed(write(tree, []), features)
            .flatMap((line) => line.match(/g\([^)]*\);|for\(var v\d+=0u;v\d+<.*?;v\d+\+\+\)/g) ?? [])
            .map((text) => text.replace(/^for\(var (\w+)=0u;\1<(.*);\1\+\+\)$/, "for $1: $2"));
          const isKept = (mark: string) => mark === "" || (mark.includes("unrolled_rows") && features.length === 0);
          expect(statements.map(squeezed)).toEqual(run(tree, [], isKept).map(squeezed));
        }),
      );
    },
  );

  test("keep the type of their variable", () => {
    for (const suffix of ["", "i", "u"]) {
      const lines = ["// @unroll", `for (var i = 0${suffix}; i < 2${suffix}; i++) {`, "g(i);", "}"];
      expect(printed(lines)).toEqual(["{", `g(0${suffix});`, "}", "{", `g(1${suffix});`, "}"]);
    }
  });

  test.each([
    ["for (var i = 1u; i < 2u; i++) {", "expected for (var i = 0u; i < CONSTANT; i++) after @unroll"],
    ["for (var i = 0u; i < 2u; i += 2u) {", "expected for (var i = 0u; i < CONSTANT; i++) after @unroll"],
    ["while (true) {", "expected for (var i = 0u; i < CONSTANT; i++) after @unroll"],
    ["for (var i = 0u; i < rows; i++) {", "a loop to rows is to be unrolled; expected whole numbers and constants"],
  ])("of another form are refused: %s", (head, message) => {
    expect(() => printed(["// @unroll", head, "g(i);", "}"])).toThrow(message);
  });
});

describe("arrays", () => {
  const index = fc.constantFrom("0u", "1", "TWO", "THREE", "1u * TWO + 1u", "FOUR - 2u", "(THREE - TWO) * 2u");
  const VALUE: Readonly<Record<string, number>> = {
    "0u": 0,
    "1": 1,
    "1u * TWO + 1u": 3,
    "FOUR - 2u": 2,
    "(THREE - TWO) * 2u": 2,
  };
  const numberOf = (text: string) => VALUE[text] ?? VALUES[text];

  test("that all indices are constants of become variables; others stay as they are", () => {
    const use = fc.record({
      name: fc.constantFrom("a", "b"),
      at: fc.oneof({ weight: 9, arbitrary: index }, fc.constantFrom("i", "i + 1u", "")),
    });
    fc.assert(
      fc.property(fc.array(use, { maxLength: 12 }), (uses) => {
        const textOf = ({ name, at }: { name: string; at: string }) =>
          at === "" ? `f(${name});` : `${name}[${at}] = p.${name};`;
        const lines = ["var a: array<f32, FOUR>;", "var b: array<vec4<f32>, 4>; // wide", ...uses.map(textOf)];
        const stays = (array: string) => uses.some(({ name, at }) => name === array && numberOf(at) === undefined);
        const four = (name: string, type: string) => [0, 1, 2, 3].map((n) => `var ${name}_${n}: ${type};`);
        const expected = [
          ...(stays("a") ? ["var a: array<f32, FOUR>;"] : four("a", "f32")),
          ...(stays("b") ? ["var b: array<vec4<f32>, 4>;"] : four("b", "vec4<f32>")),
          ...uses.map((use) => (stays(use.name) ? textOf(use) : `${use.name}_${numberOf(use.at)} = p.${use.name};`)),
        ];
        expect(printed(lines)).toEqual(expected.map(squeezed));
      }),
    );
  });

  test("are indexed by the variables of unrolled loops, in one another too", () => {
    const lines = [
      "var a: array<f32, FOUR>;",
      "var at: array<u32, 2>;",
      "// @unroll",
      "for (var r = 0u; r < TWO; r++) {",
    ];
    const both = [...lines, "a[r * TWO + 1u] = a[r];", "}"];
    const inTwo = ["var at_0: u32;", "var at_1: u32;", "{", "a_1 = a_0;", "}", "{", "a_3 = a_1;", "}"];
    expect(printed(both).slice(4)).toEqual(inTwo.map(squeezed));
    // One index that is none of the compiler's own constants, and all of `a` stays; not so the array that it comes
    // from.
    const dynamic = [...lines, "a[at[r]] = a[r];", "}"];
    const declared = ["var a: array<f32, FOUR>;", "var at_0: u32;", "var at_1: u32;"];
    const whole = [...declared, "{", "a[at_0] = a[0u];", "}", "{", "a[at_1] = a[1u];", "}"];
    expect(printed(dynamic)).toEqual(whole.map(squeezed));
  });

  test("that are declared more than once, in an unrolled loop, stay", () => {
    const lines = ["// @unroll", "for (var r = 0u; r < 2u; r++) {", "var a: array<f32, 2>;", "a[r] = 1.0;", "}"];
    expect(printed(lines)).toEqual([0, 1].flatMap((r) => ["{", "var a:array<f32,2>;", `a[${r}u]=1.0;`, "}"]));
  });
});

describe("conditions", () => {
  const feature = fc.constantFrom<ShaderFeature>("subgroups", "scratch");
  const line = fc.record({ feature: fc.option(feature), isWithout: fc.boolean() });

  test("choose lines, whatever the features", () => {
    fc.assert(
      fc.property(fc.array(line, { maxLength: 10 }), fc.uniqueArray(feature), (lines, features) => {
        const source = lines.map(({ feature: name, isWithout }, index) => {
          if (name === null) return `  f(${index}u); // as it is`;
          return isWithout
            ? `f(${index}u);   // @without(${name})`
            : `    // @with(${name})   f(${index}u);  // or not`;
        });
        const isThere = ({ feature: name, isWithout }: (typeof lines)[number]) =>
          name === null || features.includes(name) !== isWithout;
        expect(printed(source, features)).toEqual(
          lines.flatMap((each, index) => (isThere(each) ? [`f(${index}u);`] : [])),
        );
      }),
    );
  });

  test("cover whole declarations, parameters, loops and extensions", () => {
    const source = `
      // @with(subgroups) enable subgroups;
      const WIDE = 1u; // @without(subgroups)
      // @with(subgroups) const WIDE = 2u;
      // @with(subgroups) fn help() {
      // @with(subgroups)   g(WIDE);
      // @with(subgroups) }
      fn help() { g(0u); } // @without(subgroups)
      @compute @workgroup_size(WIDE)
      fn main(
        @builtin(workgroup_id) group: vec3u,
        // @with(subgroups) @builtin(subgroup_invocation_id) lane: u32,
      ) {
        // @with(subgroups) // @unroll
        // @with(subgroups) for (var i = 0u; i < WIDE; i++) {
        // @with(subgroups)   help(i, lane);
        // @with(subgroups) }
        help(group.x); // @without(subgroups)
      }`;
    const shader = Shader.of({ source });
    expect(shader.entry("main").source).toBe(
      "const WIDE = 1u;\nfn help(){g(0u);}\n@compute @workgroup_size(WIDE)\n" +
        "fn main(@builtin(workgroup_id) group: vec3u) {\nhelp(group.x);\n}\n",
    );
    expect(shader.features(["subgroups"]).entry("main").source.replace(/\n+/g, "\n")).toBe(
      "enable subgroups;\nconst WIDE = 2u;\nfn help(){\ng(WIDE);\n}\n@compute @workgroup_size(WIDE)\n" +
        "fn main(@builtin(workgroup_id) group: vec3u, @builtin(subgroup_invocation_id) lane: u32) {\n" +
        "{\nhelp(0u,lane);\n}\n{\nhelp(1u,lane);\n}\n}\n",
    );
  });
});

describe("buffers", () => {
  const buffer = fc.record({
    binding: fc.integer({ min: 1, max: 20 }),
    isUsed: fc.boolean(),
    isAbsent: fc.boolean(),
    isOwn: fc.boolean(),
    access: fc.constantFrom("read" as const, "read_write" as const),
  });
  const buffers = fc.uniqueArray(buffer, { selector: ({ binding }) => binding, maxLength: 6 });
  type Buffer = typeof buffers extends fc.Arbitrary<(infer T)[]> ? T : never;

  const nameOf = ({ binding }: Buffer) => `b${binding}`;
  const shaderOf = (list: readonly Buffer[]) =>
    Shader.of({
      main: [
        "struct Params { own: u32, // @each\n  shared: u32, }",
        "@group(0) @binding(0) var<uniform> params: Params;",
        ...list.map((each) => {
          const mark = each.isOwn ? " // @each" : "";
          return `@group(0) @binding(${each.binding}) var<storage, ${each.access}> ${nameOf(each)}: array<f32>;${mark}`;
        }),
        "fn reach(i: u32) -> f32 {\nvar sum = f32(params.own + params.shared + i);",
        ...list.filter(({ isUsed }) => isUsed).map((each) => `sum += ${nameOf(each)}[i];`),
        "return sum;\n}",
        "@compute @workgroup_size(1)\nfn main(@builtin(workgroup_id) group: vec3u) { _ = reach(group.x); }",
      ].join("\n"),
    });
  const declared = (source: string) =>
    [...source.matchAll(/@binding\((\d+)\) var<storage, (\w+)> (\w+): array<f32>;/g)].map((match) =>
      match.slice(1).join(" "),
    );

  test("that are used and there are bound from 1 on, in the order of their numbers", () => {
    fc.assert(
      fc.property(buffers, (list) => {
        const absent = list.filter(({ isAbsent }) => isAbsent).map(nameOf);
        const printed = shaderOf(list).without(absent).entry("main");
        const used = list.filter(({ isUsed }) => isUsed).sort((a, b) => a.binding - b.binding);
        const present = used.filter(({ isAbsent }) => !isAbsent);
        expect(printed.buffers.map(({ name, access }) => `${name} ${access}`)).toEqual(
          present.map((each) => `${nameOf(each)} ${each.access}`),
        );
        expect(declared(printed.source)).toEqual(
          present.map((each, index) => `${index + 1} ${each.access} ${nameOf(each)}`),
        );
        const standIns = [...printed.source.matchAll(/^(?:const|var<private>) (b\d+)/gm)].map(([, name]) => name);
        expect(standIns).toEqual(used.filter(({ isAbsent }) => isAbsent).map(nameOf));
      }),
    );
  });

  test("of a repeated shader are there for each tensor, before those that are shared", () => {
    fc.assert(
      fc.property(buffers, fc.integer({ min: 1, max: 4 }), (list, copies) => {
        const printed = shaderOf(list).repeated(copies).entry("main");
        const used = list.filter(({ isUsed }) => isUsed).sort((a, b) => a.binding - b.binding);
        const each = Array.from({ length: copies }, (_, copy) => copy);
        const names = [
          ...each.flatMap((copy) =>
            used.filter(({ isOwn }) => isOwn).map((own) => ({ ...own, text: `${nameOf(own)}_${copy}` })),
          ),
          ...used.filter(({ isOwn }) => !isOwn).map((shared) => ({ ...shared, text: nameOf(shared) })),
        ];
        expect(declared(printed.source)).toEqual(
          names.map(({ access, text }, index) => `${index + 1} ${access} ${text}`),
        );
        expect(printed.params.map(({ name }) => name)).toEqual([...each.map((copy) => `own_${copy}`), "shared"]);
        // The function that reaches own buffers and params is there for each, and the entry point works through all.
        for (const copy of each) {
          const [, body = ""] = new RegExp(`fn reach_${copy}\\(i:u32\\)->f32\\{([^}]*)\\}`).exec(printed.source) ?? [];
          const sums = list
            .filter(({ isUsed }) => isUsed)
            .map((one) => `sum += ${nameOf(one)}${one.isOwn ? `_${copy}` : ""}[i];\n`);
          expect(body).toBe(
            squeezed(`\nvar sum = f32(params.own_${copy} + params.shared + i);\n${sums.join("")}return sum;\n`),
          );
        }
        expect(printed.source).toContain(
          `fn main(@builtin(workgroup_id) group: vec3u) {\n${each.map((copy) => `main_${copy}(group);`).join("\n")}\n}`,
        );
      }),
    );
  });
});
