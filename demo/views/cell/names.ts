/** What the parts of a recurrent layer are called. */
import type { CellReading, PartName } from "../../messages/cell.ts";
import { GATE, type Ramp, signedRamp } from "../../ui/ramps.ts";
import { largest } from "./units.ts";

export interface PartWords {
  /** Beside a strip. */
  readonly name: string;
  /** In an equation. */
  readonly symbol: string;
  /** Gates lie between shut, 0, and open, 1. */
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

/** The colours of a part: gates have one scale, other values that which was chosen. */
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
