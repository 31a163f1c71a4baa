/** Handles requests for the gates and states inside a model. */
import type { CellParams, CellReading } from "../../messages/cell.ts";
import type { Context } from "../context.ts";
import { readCell as readText } from "../read_cell.ts";

/** Traces the model's recurrent layer on a text. */
export async function readCell({ session, transfer }: Context, { which, text }: CellParams): Promise<CellReading> {
  const reading = await readText(await session.subject(which), text);
  transfer(...Object.values(reading.parts).map(({ buffer }) => buffer));
  return reading;
}
