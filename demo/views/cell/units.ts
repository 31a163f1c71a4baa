/** Statistics of a layer's units on a text, to sort them by. */
import type { CellReading, Part, PartName } from "../../messages/cell.ts";

/** The sort orders of units. */
export type Sort = "part" | "praise" | "blame" | "memory" | "peak" | "similar";

/** In display order; `memory` is for layers with a forget or update gate. */
export const SORTS: readonly { readonly sort: Sort; readonly label: string }[] = [
  { sort: "part", label: "largest part in the verdict" },
  { sort: "praise", label: "pushes towards praise" },
  { sort: "blame", label: "pushes towards blame" },
  { sort: "memory", label: "longest memory" },
  { sort: "peak", label: "word it reacts to" },
  { sort: "similar", label: "alike ones together" },
];

/** The layer's long-lived state: c of an LSTM, h of the others. */
export function stateOf({ kind }: Pick<CellReading, "kind">): PartName {
  return kind === "lstm" ? "c" : "h";
}

/** The gate that preserves the state, if the layer has one. */
export function keepingGate({ kind }: Pick<CellReading, "kind">): PartName | undefined {
  return { lstm: "f" as const, gru: "z" as const, simpleRnn: undefined }[kind];
}

/** A part's value for a unit at a token. */
export function valueAt(reading: CellReading, part: PartName, unit: number, token: number): number {
  return (reading.parts[part] as Part)[token * reading.units + unit] as number;
}

/** The state before a token: that of the previous token, or the state after the padding. */
export function stateBefore(reading: CellReading, unit: number, token: number): number {
  return token === 0 ? (reading.before[unit] as number) : valueAt(reading, stateOf(reading), unit, token - 1);
}

/**
 * The unit's contribution to the logit: its last h times the output layer's weight; 0 if the output goes elsewhere.
 */
export function pushOf(reading: CellReading, unit: number): number {
  return valueAt(reading, "h", unit, reading.tokens.length - 1) * (reading.output[unit] ?? 0);
}

/** The mean over the text of the gate that preserves the state: 1 means that nothing is forgotten. */
export function memoryOf(reading: CellReading, unit: number): number | undefined {
  const gate = keepingGate(reading);
  if (gate === undefined) return undefined;
  const count = reading.tokens.length;
  return (
    Array.from({ length: count }, (_, token) => valueAt(reading, gate, unit, token)).reduce((a, b) => a + b) / count
  );
}

/** The token at which the unit's state changes most. */
export function peakOf(reading: CellReading, unit: number): number {
  const state = stateOf(reading);
  const changes = reading.tokens.map((_, token) =>
    Math.abs(valueAt(reading, state, unit, token) - stateBefore(reading, unit, token)),
  );
  return changes.indexOf(Math.max(...changes));
}

/** Sorts all units. The order depends on the whole text, so it does not change while the text is played. */
export function sortUnits(reading: CellReading, sort: Sort): readonly number[] {
  const units = Array.from({ length: reading.units }, (_, unit) => unit);
  const by = (key: (unit: number) => number) => {
    const keys = units.map(key);
    return units.toSorted((a, b) => (keys[b] as number) - (keys[a] as number));
  };
  switch (sort) {
    case "part":
      return by((unit) => Math.abs(pushOf(reading, unit)));
    case "praise":
      return by((unit) => pushOf(reading, unit));
    case "blame":
      return by((unit) => -pushOf(reading, unit));
    case "memory":
      return by((unit) => memoryOf(reading, unit) ?? 0);
    case "peak":
      return by((unit) => -peakOf(reading, unit));
    case "similar":
      return chain(reading);
  }
}

/**
 * Starts with the unit with the largest contribution; each next unit is the one whose state is most similar over the
 * text.
 */
function chain(reading: CellReading): readonly number[] {
  const state = stateOf(reading);
  const rows = Array.from({ length: reading.units }, (_, unit) => {
    const row = reading.tokens.map((_token, token) => valueAt(reading, state, unit, token));
    const length = Math.hypot(...row) || 1;
    return row.map((value) => value / length);
  });
  const likeness = (a: number, b: number) =>
    (rows[a] as number[]).reduce((sum, value, token) => sum + value * ((rows[b] as number[])[token] as number), 0);
  const [first = 0, ...others] = sortUnits(reading, "part");
  const order = [first];
  const rest = new Set(others);
  while (rest.size > 0) {
    const last = order.at(-1) as number;
    const next = [...rest].reduce((best, unit) => (likeness(last, unit) > likeness(last, best) ? unit : best));
    order.push(next);
    rest.delete(next);
  }
  return order;
}

/** The largest magnitude of a part's values: of one unit, or of all. */
export function largest(reading: CellReading, part: PartName, unit?: number): number {
  const values = reading.parts[part] as Part;
  let most = 0;
  for (const [at, value] of values.entries()) {
    if (unit === undefined || at % reading.units === unit) most = Math.max(most, Math.abs(value));
  }
  return most;
}
