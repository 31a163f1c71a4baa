/**
 * `npm run notebook`: runs the cells of rnn.ipynb in Deno, one after the other, as its kernel would. Prints each code
 * cell's outputs as a line of JSON; with `--write` it puts them into the file.
 */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import process from "node:process";

/** A cell's output, in the notebook's format: https://nbformat.readthedocs.io/en/latest/format_description.html */
type Output =
  | { readonly output_type: "stream"; readonly name: "stdout"; readonly text: readonly string[] }
  | {
      readonly output_type: "display_data";
      readonly data: Readonly<Record<string, unknown>>;
      readonly metadata: object;
    };

interface Cell {
  readonly cell_type: "code" | "markdown";
  readonly source: readonly string[];
  outputs?: readonly Output[];
  execution_count?: number | null;
}

const DISPLAY = Symbol.for("Jupyter.display");
const file = new URL("rnn.ipynb", import.meta.url);
const notebook: { readonly cells: readonly Cell[] } = JSON.parse(readFileSync(file, "utf8"));
const cells = notebook.cells.filter(({ cell_type }) => cell_type === "code");
const outputs: Output[][] = cells.map(() => []);
let current = -1;

function add(output: Output): void {
  const all = outputs[current] ?? [];
  const last = all.at(-1);
  if (output.output_type !== "stream" || last?.output_type !== "stream") all.push(output);
  else all.splice(-1, 1, { ...last, text: [...last.text, ...output.text] });
}

// What the kernel gives to cells; the module of the cells calls `startCell` before each of them.
const print = console.log;
console.log = (...values: readonly unknown[]) => {
  const lines = `${values.map(String).join(" ")}\n`.match(/[^\n]*\n/g) ?? [];
  add({ output_type: "stream", name: "stdout", text: lines });
};
const jupyter = {
  display: async (value: Readonly<Record<symbol, () => Readonly<Record<string, unknown>>>>) => {
    const data = value[DISPLAY]?.();
    if (data === undefined) throw new TypeError("display: expected an object with Symbol.for('Jupyter.display')");
    add({ output_type: "display_data", data, metadata: {} });
  },
};
Object.assign(globalThis, {
  notebook: {
    // Deno's own `jupyter` throws outside a kernel, and cannot be replaced.
    Deno: Object.create(Reflect.get(globalThis, "Deno"), { jupyter: { value: jupyter } }),
    startCell: (index: number) => {
      current = index;
    },
  },
});

// Beside the notebook, so that its imports are found.
const module = new URL(`.rnn-${process.pid}.ts`, import.meta.url);
const code = cells.map(({ source }, index) => `notebook.startCell(${index});\n${source.join("")}\n`);
writeFileSync(module, `const { Deno } = notebook;\n${code.join("")}`);
process.chdir(new URL(".", import.meta.url).pathname);
try {
  await import(module.href);
} catch (error) {
  console.error(`Cell ${current + 1} of ${cells.length} failed:`);
  throw error;
} finally {
  rmSync(module);
}
if (process.argv.includes("--write")) {
  for (const [index, cell] of cells.entries()) {
    cell.outputs = outputs[index] ?? [];
    cell.execution_count = index + 1;
  }
  writeFileSync(file, `${JSON.stringify(notebook, undefined, 1)}\n`);
} else {
  for (const each of outputs) print(JSON.stringify(each));
}
process.exit(0);
