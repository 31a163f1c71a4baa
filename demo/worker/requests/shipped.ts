/** The model that comes with the page. */
import type { Context } from "../context.ts";
import { loadShipped } from "../load_shipped.ts";

/** Fetches the model from a folder of the page's own origin; from then on it can be asked. */
export async function openShipped({ session }: Context, { folder }: { readonly folder: string }): Promise<void> {
  session.setLoader("shipped", (device) => loadShipped(folder, device));
  await session.subject("shipped");
}
