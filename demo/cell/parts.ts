/** The gates and states of each kind of recurrent layer that the page shows. */
import type { CellKind, PartName } from "../messages/cell.ts";

/** In the order in which a cell computes them. */
export const PARTS: Readonly<Record<CellKind, readonly PartName[]>> = {
  lstm: ["f", "i", "candidate", "c", "o", "h"],
  gru: ["z", "r", "candidate", "h"],
  simpleRnn: ["h"],
};
