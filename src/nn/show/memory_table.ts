import { formatBytes } from "../../core/format_bytes.ts";
import type { MemoryUse, ModelMemory } from "./memory_figures.ts";

const COLUMNS = ["weights", "optimizer", "data", "steps", "bytes"] as const;
const HEADS = ["weights", "optimizer", "data", "steps", "together"];

/** Formats a model's memory as a table. */
export function memoryTable(memory: Omit<ModelMemory, "toString">, adapter: string): string {
  const { batchSize, memoryLimit, training, evaluation, prediction, fits, largestBatchSize } = memory;
  const row = (name: string, cells: readonly string[]) =>
    [name.padEnd(12), ...cells.map((cell) => cell.padStart(11))].join("").trimEnd();
  const use = (name: string, one: MemoryUse | undefined) =>
    one === undefined
      ? []
      : [
          row(
            name,
            COLUMNS.map((column) => formatBytes(one[column])),
          ),
        ];
  const { microBatchesPerStep = 1 } = training ?? {};
  const split = microBatchesPerStep === 1 ? "" : `, in ${microBatchesPerStep} micro-batches`;
  const limit = Number.isFinite(memoryLimit) ? ` and a memoryLimit of ${formatBytes(memoryLimit)}` : "";
  return [
    `GPU memory with batches of ${batchSize}${split}`,
    row("", HEADS),
    ...use("fit", training),
    ...use("evaluate", evaluation),
    ...use("predict", prediction),
    ...(fits ? [] : ["This does not fit."]),
    `Up to about ${largestBatchSize} rows go through the model at once within the limits of ${adapter}${limit}.`,
  ].join("\n");
}
