/** Tags the words of an order: `node examples/tag_words.mjs`. */
import "sluice/node";
import {
  argmax,
  bidirectional,
  dense,
  embedding,
  lstm,
  padSequences,
  requestDevice,
  sequential,
  Tokenizer,
} from "sluice";

const dishes = ["pizza", "salad", "soup"].flatMap((dish) => ["small", "large"].map((size) => [size, dish]));
const orders = ["one", "two", "three"].flatMap((count) =>
  dishes.flatMap(([size, dish]) => [
    [`i want ${count} ${size} ${dish}`, "O O COUNT SIZE DISH"],
    [`${count} ${dish} please and make it ${size}`, "COUNT DISH O O O O SIZE"],
    [`a ${size} ${dish} for ${count} people`, "O SIZE DISH O O O"],
  ]),
);
const [tags, maxLength, padding] = [["O", "COUNT", "SIZE", "DISH"], 8, "post"];
const tokenizer = new Tokenizer({ oovToken: "?", maxLength, padding });
tokenizer.fitOnTexts(orders.map(([words]) => words));
const numbers = orders.map(([, names]) => names.split(" ").map((name) => tags.indexOf(name)));

const device = await requestDevice();
const words = embedding({ inputDim: tokenizer.inputDim, outputDim: 16, maskZero: true });
const read = bidirectional({ layer: lstm({ units: 16, returnSequences: true }) });
const layers = [words, read, dense({ units: tags.length, activation: "softmax" })];
const model = sequential(layers, { device, inputShape: [maxLength], seed: 1 });
model.compile({ optimizer: "adam", loss: "sparseCategoricalCrossentropy" });
const x = tokenizer.encode(orders.map(([words]) => words));
await model.fit(x, padSequences(numbers, { maxLength, padding }), { epochs: 60, batchSize: 8 });

const text = "a large soup for two people";
const { data: best } = argmax(await model.predict(tokenizer.encode([text])), { axis: -1 });
for (const [place, word] of text.split(" ").entries()) console.log(word, tags[best[place]]);
process.exit();
