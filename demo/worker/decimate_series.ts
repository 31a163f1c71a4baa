/** Reduces long series to few enough points to draw. */
import type { Curve } from "../messages/forecast.ts";

/** The number of intervals: with two points each, about the pixels of a wide screen. */
const STRETCHES = 800;

/** Keeps the minimum and the maximum of each interval. A short series is unchanged. */
export function decimate(values: readonly number[], dates?: readonly string[]): Curve {
  const rows = values.length <= 2 * STRETCHES ? values.map((_, row) => row) : extremes(values);
  return {
    at: Float64Array.from(rows),
    values: Float64Array.from(rows, (row) => values[row] as number),
    dates: dates && rows.map((row) => dates[row] as string),
  };
}

function extremes(values: readonly number[]): readonly number[] {
  const rows = new Set<number>();
  for (let stretch = 0; stretch < STRETCHES; stretch++) {
    const [from, to] = [stretch, stretch + 1].map((edge) => Math.floor((edge * values.length) / STRETCHES));
    let [least, greatest] = [from as number, from as number];
    for (let row = from as number; row < (to as number); row++) {
      if ((values[row] as number) < (values[least] as number)) least = row;
      if ((values[row] as number) > (values[greatest] as number)) greatest = row;
    }
    rows.add(Math.min(least, greatest)).add(Math.max(least, greatest));
  }
  return [...rows];
}
