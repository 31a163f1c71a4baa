/** Fetches the model that comes with the page from the page's origin. */
import { type Device, ReviewEncoder, readSafetensors, textClassifier } from "sluice";
import { networkOf } from "../settings.ts";
import options from "../shipped/options.json" with { type: "json" };
import type { Subject } from "./session.ts";

/** A file of the page could not be fetched. */
export class FetchError extends Error {
  override readonly name = "FetchError";
}

/** The parts of `model.json` that this page reads. */
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
 * Builds the model from the files in a folder; all names but `model.json` contain a hash. The page knows the model's
 * options, so it does not need the registry of all layers.
 */
export async function loadShipped(folder: string, device: Device): Promise<Subject> {
  const manifest = JSON.parse(new TextDecoder().decode(await get(`${folder}model.json`))) as Manifest;
  const { name } = manifest.files.weights;
  const { tensors } = readSafetensors(await get(`${folder}${name}`), name);
  const encoder = ReviewEncoder.fromJSON(manifest.encoder);
  const model = textClassifier({ device, encoder, ...networkOf(options) });
  await model.setWeights([...tensors.values()]);
  return { model, encoder };
}
