/**
 * What another page needs to load the model: a few lines that work as they stand, once the archive lies in `model`
 * beside it.
 */
export const SNIPPET = `import { loadModel, requestDevice } from "sluice";

const read = async (name) => {
  const response = await fetch("model/" + name);
  return new Uint8Array(await response.arrayBuffer());
};
const manifest = await read("model.json");
const text = new TextDecoder().decode(manifest);
const { weights } = JSON.parse(text).files;
const files = new Map([
  ["model.json", manifest],
  [weights.name, await read(weights.name)],
]);

const device = await requestDevice();
const model = await loadModel(files, { device });
const { data } = await model.predict(
  model.encoder.encode(["A fine film, if a bit long."]),
);
console.log("praise: " + data[0].toFixed(3));
`;
