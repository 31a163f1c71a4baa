/** The model that comes with the page: fetched from the page's own origin when it is first asked. */
import { type Device, ReviewEncoder, readSafetensors, textClassifier } from "sluice";
import options from "../shipped/options.json" with { type: "json" };
import type { Subject } from "./session.ts";

/** A file of the page could not be had. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}

/** Of `model.json`: what this page reads of it. */
interface Manifest {
  readonly files: { readonly weights: { readonly name: string } };
  readonly encoder: unknown;
}

async function get(address: string): Promise<Uint8Array> {
  const response = await fetch(address);
  if (!response.ok) throw new FetchError(`${address}: ${response.status} ${response.statusText}`);
  return new Uint8Array(await response.arrayBuffer());
}

/**
 * Makes the model whose files lie in a folder, each of which bears its hash in its name but `model.json`. The page
 * knows by what options it was trained, and so needs nothing that knows other layers.
 */
export async function loadShipped(folder: string, device: Device): Promise<Subject> {
  const manifest = JSON.parse(new TextDecoder().decode(await get(`${folder}model.json`))) as Manifest;
  const { name } = manifest.files.weights;
  const { tensors } = readSafetensors(await get(`${folder}${name}`), name);
  const encoder = ReviewEncoder.fromJSON(manifest.encoder);
  const model = textClassifier({ device, encoder, ...options });
  await model.setWeights([...tensors.values()]);
  return { model, encoder };
}
