/** Imports a saved model. */
import { FormatError, type Model, ReviewEncoder } from "sluice";
import type { Context } from "../context.ts";
import { loadSaved } from "../load_saved.ts";
import { unzipped } from "../zip_files.ts";

/** True if a model maps word ids to one number. */
const isJudge = ({ inputs, outputs, inputShape, outputShape }: Model): boolean =>
  [inputs, outputs, inputShape, outputShape].every(({ length }) => length === 1) && outputShape[0] === 1;

/**
 * Replaces the visitor's own model by a saved one. If the file is invalid, the model is unchanged.
 * @throws FormatError when it is not an archive, is damaged, or contains no model that reads text.
 */
export async function importModel({ session }: Context, { file }: { readonly file: File }): Promise<void> {
  const files = await unzipped(file);
  if (!files.has("model.json")) {
    throw new FormatError(`${file.name} has no model.json; expected the .zip that “Sluice's own” saves`);
  }
  const model = await loadSaved(files, await session.device());
  const { encoder } = model;
  if (!(encoder instanceof ReviewEncoder) || !isJudge(model)) {
    model.dispose();
    throw new FormatError(
      `${file.name} holds a model that gives no verdict on a text; expected one of this page's kind`,
    );
  }
  session.setSubject("own", { model, encoder }, async (device) => ({ model: await loadSaved(files, device), encoder }));
}
