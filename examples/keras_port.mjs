/** The model of docs/from-keras.md, ported from Keras, with twice the texts and epochs: `node examples/keras_port.mjs`. */
import "sluice/node";
import { dense, embedding, lstm, requestDevice, sequential, stratifiedLimit } from "sluice";
import { sentences } from "sluice/sentences";

const device = await requestDevice();
const { train, test, encoder } = await sentences.load({ numWords: 2000, maxLength: 80 });

// keras.Sequential([keras.Input((80,)), layers.Embedding(2000, 32), layers.LSTM(32), layers.Dense(1, "sigmoid")])
const layers = [
  embedding({ inputDim: 2000, outputDim: 32 }),
  lstm({ units: 32 }),
  dense({ units: 1, activation: "sigmoid" }),
];
const model = sequential(layers, { device, inputShape: [80], seed: 7 });

// model.compile("adam", "binary_crossentropy", ["accuracy"])
model.compile({ optimizer: "adam", loss: "binaryCrossentropy", metrics: ["accuracy"] });

// model.fit(x_train, y_train, batch_size=64, epochs=4, validation_data=(x_test, y_test))
const validationData = stratifiedLimit(test, 200, 1);
const { history } = await model.fit(stratifiedLimit(train, 1280, 1), { batchSize: 64, epochs: 4, validationData });
console.log(`accuracy ${history.accuracy.at(-1).toFixed(2)}, val_accuracy ${history.valAccuracy.at(-1).toFixed(2)}`);

// model.predict(x)
const { data } = await model.predict(encoder.encode(["What a wonderful film!", "A terrible waste of money."]));
console.log(data[0] > data[1] ? "the first text is the more positive one" : "the second text is the more positive one");
process.exit();
