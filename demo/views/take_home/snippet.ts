/** Code that loads the model in another page. It works unchanged when the archive is unpacked to `model` beside it. */
export const SNIPPET = `import { loadModel, requestDevice } from "sluice";

const model = await loadModel("model/", { device: await requestDevice() });
const ids = model.encoder.encode(["A fine film, if a bit long."]);
const { data } = await model.predict(ids);
console.log("praise: " + data[0].toFixed(3));
`;
