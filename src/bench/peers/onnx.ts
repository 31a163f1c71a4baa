/** ONNX Runtime Web with its WebGPU provider: predictions of the review model. */
import { toOnnx } from "../../convert/onnx/index.ts";
import { requestDevice } from "../../gpu/request_device.ts";
import type { ModelSizes } from "../bench_case.ts";
import { buildReviewModel } from "../build_review_model.ts";
import { checkSamples } from "../check_samples.ts";
import { MODEL_TOLERANCE, reviewTask } from "../review_model.ts";
import { hostSubject } from "../timed_subjects.ts";
import type { Peer, PreparedPeer } from "./peer.ts";

type Runtime = typeof import("onnxruntime-web/webgpu");

/**
 * Loads ONNX Runtime Web, for a browser.
 * @param wasmPath the URL of its WebAssembly files, which ends in `/`
 * @throws Error when the package is not installed.
 */
export async function loadOnnx(wasmPath: string): Promise<Peer> {
  const ort = await import("onnxruntime-web/webgpu");
  ort.env.wasm.wasmPaths = wasmPath;
  ort.env.wasm.numThreads = 1;
  ort.env.logLevel = "error";
  return {
    name: "onnxruntime-web",
    version: ort.env.versions.web ?? ort.env.versions.common,
    backend: "webgpu",
    prepare: async (task) => (task.kind === "predict" ? preparePredict(ort, task.sizes) : undefined),
    dispose: () => undefined,
  };
}

async function preparePredict(ort: Runtime, sizes: ModelSizes): Promise<PreparedPeer> {
  const { ids, predictions } = reviewTask(sizes);
  const session = await ort.InferenceSession.create(await modelFile(sizes), { executionProviders: ["webgpu"] });
  const [inputName = "", outputName = ""] = [session.inputNames[0], session.outputNames[0]];
  const x = new ort.Tensor("int32", ids.data as Int32Array, [...ids.shape]);
  const predict = async () => {
    const output = (await session.run({ [inputName]: x }))[outputName];
    return (await output?.getData()) as Float32Array;
  };
  checkSamples("ONNX Runtime: predict", await predict(), (row) => ({
    value: predictions[row] as number,
    tolerance: MODEL_TOLERANCE,
  }));
  return { subject: hostSubject(predict, () => Promise.resolve()), dispose: () => void session.release() };
}

/** Exports the model to ONNX with Sluice, on a temporary device. */
async function modelFile(sizes: ModelSizes): Promise<Uint8Array> {
  const device = await requestDevice();
  try {
    using model = await buildReviewModel(device, reviewTask(sizes));
    return await toOnnx(model);
  } finally {
    device.dispose();
  }
}
