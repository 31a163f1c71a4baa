/** The model that comes with the page. */
import type { Context } from "../context.ts";
import { loadShipped } from "../load_shipped.ts";

/** Fetches the model from a folder of the page's origin, and makes it available for predictions. */
export async function openShipped({ session }: Context, { folder }: { readonly folder: string }): Promise<void> {
  session.setLoader("shipped", (device) => loadShipped(folder, device));
  await session.subject("shipped");
}
