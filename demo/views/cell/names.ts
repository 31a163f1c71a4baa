/** The names of the parts of a recurrent layer. */
import type { CellReading, PartName } from "../../messages/cell.ts";
import { GATE, type Ramp, signedRamp } from "../../ui/ramps.ts";
import { largest } from "./units.ts";

export interface PartWords {
  /** The label of a strip. */
  readonly name: string;
  /** The symbol in an equation. */
  readonly symbol: string;
  /** Gates range from closed, 0, to open, 1. */
  readonly isGate: boolean;
}

export const PART_WORDS: Readonly<Record<PartName, PartWords>> = {
  f: { name: "forget gate", symbol: "f", isGate: true },
  i: { name: "input gate", symbol: "i", isGate: true },
  candidate: { name: "candidate", symbol: "g", isGate: false },
  c: { name: "cell state", symbol: "c", isGate: false },
  o: { name: "output gate", symbol: "o", isGate: true },
  h: { name: "hidden state", symbol: "h", isGate: false },
  z: { name: "update gate", symbol: "z", isGate: true },
  r: { name: "reset gate", symbol: "r", isGate: true },
};

/** The colour scale of a part: gates share a fixed one, other values use the chosen one. */
export function rampOf(
  reading: CellReading,
  part: PartName,
  scale: "unit" | "sentence" | "model",
  unit: number,
  seen: number | undefined,
): Ramp {
  if (PART_WORDS[part].isGate) return GATE;
  if (scale === "unit") return signedRamp(largest(reading, part, unit));
  return signedRamp(scale === "model" ? (seen ?? largest(reading, part)) : largest(reading, part));
}
