/** The model that comes with the page: fetched from the page's own origin when it is first asked. */
import { type Device, loadModel } from "sluice";
import type { Subject } from "./session.ts";

/** A file of the page could not be had. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}

async function get(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new FetchError(`${address}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/** Loads the model whose files lie in a folder, each of which bears its hash in its name but `model.json`. */
export async function loadShipped(folder: string, device: Device): Promise<Subject> {
  const manifest = await get(`${folder}model.json`);
  const { files } = JSON.parse(new TextDecoder().decode(manifest)) as { files: Record<string, { name: string }> };
  const parts = await Promise.all(
    Object.values(files).map(async ({ name }) => [name, await get(`${folder}${name}`)] as const),
  );
  const model = await loadModel(new Map([...parts, ["model.json", manifest]]), { device });
  if (model.encoder === undefined) throw new FetchError(`${folder}: the model has no word list`);
  return { model, encoder: model.encoder };
}
