/**
 * Draws a unit's cell state as water in a canal: the width is the magnitude, blue above zero and orange below. At each
 * word the forget gate lets a part of it pass, and the input gate adds a part of the candidate from the side.
 */
import { useCallback } from "preact/hooks";
import type { CellReading } from "../../messages/cell.ts";
import { Canvas } from "../../ui/canvas.tsx";
import { colour } from "../../ui/theme.ts";
import { stateBefore, valueAt } from "./units.ts";

export interface HighwayProps {
  readonly reading: CellReading;
  readonly unit: number;
  /** The magnitude that fills the canal. */
  readonly most: number;
  readonly stepSize: number;
  /** The width of the canal in pixels, including the space for the inflow. */
  readonly breadth: number;
  readonly down: boolean;
}

/** The space for the inflow and the canal, as fractions of the width. */
const [INFLOW, BED] = [0.34, 0.6];

export function Highway({ reading, unit, most, stepSize, breadth, down }: HighwayProps) {
  const draw = useCallback(
    (context: CanvasRenderingContext2D): void => {
      // Drawn for words from left to right; on a phone the picture is mirrored at its diagonal.
      if (down) context.transform(0, 1, 1, 0, 0, 0);
      const [up, under, bank, ink] = ["--praise", "--blame", "--border", "--text"].map(colour) as [
        ...[string, string, string, string],
      ];
      const middle = breadth * (INFLOW + BED / 2);
      const half = (breadth * BED) / 2;
      const size = (value: number): number => Math.min(1, Math.abs(value) / most) * half;
      const tint = (value: number): string => (value >= 0 ? up : under);
      const end = reading.tokens.length * stepSize;

      context.strokeStyle = bank;
      context.lineWidth = 1;
      for (const side of [middle - half, middle + half]) {
        context.beginPath();
        context.moveTo(0, Math.round(side) + 0.5);
        context.lineTo(end, Math.round(side) + 0.5);
        context.stroke();
      }
      reading.tokens.forEach((_, token) => {
        const x = token * stepSize;
        const gate = x + stepSize * 0.45;
        const before = stateBefore(reading, unit, token);
        const at = (part: "f" | "i" | "candidate" | "c") => valueAt(reading, part, unit, token);
        const kept = at("f") * before;
        const entered = at("i") * at("candidate");
        // The previous state, and the part that the forget gate lets pass.
        context.fillStyle = tint(before);
        context.globalAlpha = 0.9;
        band(context, x, size(before), gate, size(before), middle);
        context.globalAlpha = 0.55;
        band(context, gate, size(kept), x + stepSize * 0.6, size(kept), middle);
        context.globalAlpha = 0.9;
        context.fillStyle = tint(at("c"));
        const joined = Math.sign(kept) === Math.sign(at("c")) ? size(kept) : 0;
        band(context, x + stepSize * 0.6, joined, x + stepSize * 0.85, size(at("c")), middle);
        band(context, x + stepSize * 0.85, size(at("c")), x + stepSize, size(at("c")), middle);
        // The inflow from the side, on the same scale.
        const inflow = Math.min(stepSize * 0.7, 2 * size(entered));
        if (inflow > 0.4) {
          context.fillStyle = tint(entered);
          const centre = x + stepSize * 0.66;
          context.beginPath();
          context.moveTo(centre - inflow / 2, 2);
          context.lineTo(centre + inflow / 2, 2);
          context.lineTo(centre + inflow / 2, middle - half * 0.25);
          context.lineTo(centre, middle);
          context.lineTo(centre - inflow / 2, middle - half * 0.25);
          context.closePath();
          context.fill();
        }
        // The forget gate: two boards, with a gap in proportion to f.
        context.globalAlpha = 1;
        context.fillStyle = ink;
        const board = half * (1 - at("f"));
        const thick = Math.max(2, stepSize * 0.09);
        context.fillRect(gate - thick / 2, middle - half, thick, board);
        context.fillRect(gate - thick / 2, middle + half - board, thick, board);
      });
    },
    [reading, unit, most, stepSize, breadth, down],
  );
  const along = reading.tokens.length * stepSize;
  const style = down
    ? { width: `${breadth}px`, height: `${along}px` }
    : { width: `${along}px`, height: `${breadth}px` };
  return (
    <div class="highway" style={style}>
      <Canvas draw={draw} />
    </div>
  );
}

function band(
  context: CanvasRenderingContext2D,
  x0: number,
  size0: number,
  x1: number,
  size1: number,
  middle: number,
): void {
  context.beginPath();
  context.moveTo(x0, middle - size0);
  context.lineTo(x1, middle - size1);
  context.lineTo(x1, middle + size1);
  context.lineTo(x0, middle + size0);
  context.closePath();
  context.fill();
}
