/** TensorFlow.js with its WebGPU backend, used as its documentation recommends. */
import type { ModelSizes, PeerTask, SearchSizes } from "../bench_case.ts";
import { CheckError, checkSamples } from "../check_samples.ts";
import { type Product, productTask } from "../matmul_task.ts";
import { MODEL_TOLERANCE, reviewTask } from "../review_model.ts";
import { PARTS, searchTask } from "../search_task.ts";
import { hostSubject } from "../timed_subjects.ts";
import type { Peer, PreparedPeer } from "./peer.ts";

type Core = typeof import("@tensorflow/tfjs-core");
type Layers = typeof import("@tensorflow/tfjs-layers");
type Backend = import("@tensorflow/tfjs-backend-webgpu").WebGPUBackend;

/**
 * Loads TensorFlow.js and its WebGPU backend; the runtime must have `navigator.gpu`.
 * @throws Error when the packages are not installed, or the backend does not start.
 */
export async function loadTfjs(): Promise<Peer> {
  const core = await import("@tensorflow/tfjs-core");
  const layers = await import("@tensorflow/tfjs-layers");
  await import("@tensorflow/tfjs-backend-webgpu");
  if (!(await core.setBackend("webgpu"))) throw new Error("TensorFlow.js did not start its WebGPU backend");
  await core.ready();
  return {
    name: "tfjs",
    version: core.version_core,
    backend: core.getBackend(),
    prepare: async (task) => prepare(core, layers, task),
    dispose: () => core.removeBackend("webgpu"),
  };
}

async function prepare(core: Core, layers: Layers, task: PeerTask): Promise<PreparedPeer> {
  switch (task.kind) {
    case "matmul":
      return prepareProduct(core, task);
    case "vector search":
      return prepareSearch(core, task);
    case "training step":
      return prepareTraining(core, layers, task.sizes);
    case "predict":
      return preparePredict(core, layers, task.sizes);
  }
}

async function prepareProduct(core: Core, product: Product): Promise<PreparedPeer> {
  const { a, b, expected } = productTask(product);
  const [left, right] = [a, b].map(({ variable, data }) => core.tensor(data, [...variable.shape])) as [
    import("@tensorflow/tfjs-core").Tensor,
    import("@tensorflow/tfjs-core").Tensor,
  ];
  const multiply = () => core.matMul(left, right, product.transposeA, product.transposeB);
  const result = multiply();
  checkSamples("TensorFlow.js: matmul", await result.data(), expected);
  result.dispose();
  const backend = core.backend() as Backend;
  const subject = hostSubject(
    () => multiply().dispose(),
    async () => {
      // TensorFlow.js submits only after a certain number of dispatches; then nothing may be left to submit.
      if ((backend as unknown as { readonly commandEncoder: unknown }).commandEncoder !== null) {
        backend.endComputePassEncoder();
        backend.submitQueue();
      }
      await backend.queue.onSubmittedWorkDone();
    },
  );
  // Otherwise its errors would only be logged to the console.
  backend.device.pushErrorScope("validation");
  await subject.time(2);
  const fault = await backend.device.popErrorScope();
  if (fault !== null) throw new CheckError(`TensorFlow.js: ${fault.message}`);
  return { subject, dispose: () => core.dispose([left, right]) };
}

/** `matMul` and `topk` on each part that fits into a buffer; the best rows of the parts are merged on the host. */
async function prepareSearch(core: Core, sizes: SearchSizes): Promise<PreparedPeer> {
  const { parts, queries, best } = searchTask(sizes);
  const rows = sizes.rows / PARTS;
  const tables = parts.map(({ data }) => core.tensor2d(data, [rows, sizes.dimension]));
  const asked = core.tensor2d(queries.data, [sizes.queries, sizes.dimension]);
  const search = async () => {
    const found = tables.map((table) => core.tidy(() => core.topk(core.matMul(asked, table, false, true), sizes.k)));
    const lists = await Promise.all(
      found.map(async ({ values, indices }) => [await values.data(), await indices.data()]),
    );
    for (const { values, indices } of found) core.dispose([values, indices]);
    return Array.from({ length: sizes.queries }, (_, query) => {
      const hits = lists.flatMap(([scores, places], part) =>
        Array.from({ length: sizes.k }, (_, at) => ({
          score: scores?.[query * sizes.k + at] as number,
          row: part * rows + (places?.[query * sizes.k + at] as number),
        })),
      );
      return hits.sort((a, b) => b.score - a.score).slice(0, sizes.k);
    });
  };
  const came = ((await search())[0] ?? []).map(({ row }) => row);
  // It sorts by float32 values, so near the end of the list two rows may be swapped.
  if (came[0] !== best[0]) throw new CheckError(`TensorFlow.js: the best row is ${came[0]}; expected ${best[0]}`);
  return { subject: hostSubject(search, () => Promise.resolve()), dispose: () => core.dispose([...tables, asked]) };
}

function buildModel(core: Core, layers: Layers, sizes: ModelSizes) {
  const { weights, ids, labels } = reviewTask(sizes);
  const model = layers.sequential({
    layers: [
      layers.layers.embedding({
        inputDim: sizes.vocabulary,
        outputDim: sizes.embedding,
        inputLength: sizes.steps,
      }),
      layers.layers.lstm({
        units: sizes.units,
        // TensorFlow.js defaults to the hard sigmoid; Keras 3 and Sluice use the sigmoid.
        recurrentActivation: "sigmoid",
        // The weights are replaced below, and this initializer is faster than the orthogonal one.
        recurrentInitializer: "glorotUniform",
      }),
      layers.layers.dense({ units: 1, activation: "sigmoid" }),
    ],
  });
  const own = weights.map(({ shape, data }) => core.tensor(data, [...shape]));
  model.setWeights(own);
  core.dispose(own);
  const x = core.tensor2d(ids.data, [sizes.batch, sizes.steps], "int32");
  const y = core.tensor2d(labels.data, [sizes.batch, 1]);
  return {
    model,
    x,
    y,
    dispose: () => {
      model.dispose();
      core.dispose([x, y]);
    },
  };
}

async function prepareTraining(core: Core, layers: Layers, sizes: ModelSizes): Promise<PreparedPeer> {
  const { model, x, y, dispose } = buildModel(core, layers, sizes);
  model.compile({ optimizer: core.train.adam(0.001, 0.9, 0.999, 1e-7), loss: "binaryCrossentropy" });
  const step = async () => {
    const loss = await model.trainOnBatch(x, y);
    return (Array.isArray(loss) ? loss[0] : loss) as number;
  };
  const first = await step();
  checkSamples("TensorFlow.js: loss of the first step", [first], () => ({
    value: reviewTask(sizes).loss,
    tolerance: MODEL_TOLERANCE,
  }));
  const second = await step();
  if (!(second < first))
    throw new CheckError(`TensorFlow.js: the loss was ${first} and then ${second}; expected it to fall`);
  return { subject: hostSubject(step, () => Promise.resolve()), dispose };
}

async function preparePredict(core: Core, layers: Layers, sizes: ModelSizes): Promise<PreparedPeer> {
  const { model, x, dispose } = buildModel(core, layers, sizes);
  const predict = async () => {
    const output = model.predict(x, { batchSize: sizes.batch }) as import("@tensorflow/tfjs-core").Tensor;
    const data = await output.data();
    output.dispose();
    return data;
  };
  const { predictions } = reviewTask(sizes);
  checkSamples("TensorFlow.js: predict", await predict(), (row) => ({
    value: predictions[row] as number,
    tolerance: MODEL_TOLERANCE,
  }));
  return { subject: hostSubject(predict, () => Promise.resolve()), dispose };
}
