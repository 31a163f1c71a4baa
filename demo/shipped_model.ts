/** The model that comes with the page: fetched once the page has been painted and there is a GPU. */
import { notifyFailure } from "./notices.ts";
import { available } from "./state.ts";
import { ask } from "./worker_client.ts";

/** Where its files lie, whatever folder the page is served from. */
export const SHIPPED_FOLDER = new URL("model/", document.baseURI).href;

/** Brings the model; from then on it can be asked. */
export async function bringShippedModel(): Promise<void> {
  try {
    await ask("openShipped", { folder: SHIPPED_FOLDER });
    available.value = [...available.value, "shipped"];
  } catch (error) {
    notifyFailure("shipped", error);
  }
}
