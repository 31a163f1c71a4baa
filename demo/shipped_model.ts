/** Loads the model that comes with the page, once the page has been painted and a GPU is available. */
import { notifyFailure } from "./notices.ts";
import { available } from "./state.ts";
import { ask } from "./worker_client.ts";

/** The URL of the model's files, relative to the page. */
export const SHIPPED_FOLDER = new URL("model/", document.baseURI).href;

/** Loads the model, and makes it available for predictions. */
export async function bringShippedModel(): Promise<void> {
  try {
    await ask("openShipped", { folder: SHIPPED_FOLDER });
    available.value = [...available.value, "shipped"];
  } catch (error) {
    notifyFailure("shipped", error);
  }
}
