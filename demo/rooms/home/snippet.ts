/** What another page needs to load the model: a few lines that work as they stand. */

/** The snippet for a model whose files, taken out of the archive, lie in the folder `model` beside the page. */
export function snippetFor(names: readonly string[]): string {
  const list = names.map((name) => JSON.stringify(name)).join(", ");
  return `import { loadModel, requestDevice } from "sluice";

const names = [${list}];
const read = async (name) => [name, new Uint8Array(await (await fetch("model/" + name)).arrayBuffer())];
const files = new Map(await Promise.all(names.map(read)));

const device = await requestDevice();
const model = await loadModel(files, { device });
const { data } = await model.predict(model.encoder.encode(["A wonderful film, though a little long."]));
console.log("praise: " + data[0].toFixed(3));
`;
}
