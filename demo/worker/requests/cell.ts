/** Handles requests for the gates, states and gradients inside a model. */
import type { CellParams, CellReading, FadeParams, Fadings, RivalProgress, RivalScores } from "../../messages/cell.ts";
import type { Context } from "../context.ts";
import { readCell as readText } from "../read_cell.ts";
import { Rivals } from "../vanishing_gradient.ts";

/** Traces the model's recurrent layer on a text. */
export async function readCell({ session, transfer }: Context, { which, text }: CellParams): Promise<CellReading> {
  const reading = await readText(await session.subject(which), text);
  transfer(...Object.values(reading.parts).map(({ buffer }) => buffer));
  return reading;
}

let rivals: Promise<Rivals> | undefined;

/** The three networks on the current device, created on demand and again after a loss. */
async function rivalsOf({ session }: Pick<Context, "session">): Promise<Rivals> {
  const device = await session.device();
  const known = await rivals?.catch(() => undefined);
  if (known?.device === device) return known;
  rivals = Rivals.on(device);
  return rivals;
}

/** The gradients over a passage, for three kinds of layer. */
export async function fade(context: Context, { text, length, which }: FadeParams): Promise<Fadings> {
  return (await rivalsOf(context)).fade(text, length, which);
}

/** Trains the three. */
export async function trainRivals(
  context: Context<RivalProgress>,
  _params: Record<string, never>,
): Promise<RivalScores> {
  return (await rivalsOf(context)).train(context.signal, context.tell);
}
