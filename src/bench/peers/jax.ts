/** jax-js on its WebGPU device: matmul. */
import { checkSamples } from "../check_samples.ts";
import { type Product, productTask } from "../matmul_task.ts";
import { hostSubject } from "../timed_subjects.ts";
import type { Peer, PreparedPeer } from "./peer.ts";

type Jax = typeof import("@jax-js/jax");
type Array = import("@jax-js/jax").Array;

/**
 * Loads jax-js and its WebGPU device.
 * @throws Error when the package is not installed, or has no WebGPU device here.
 */
export async function loadJax(): Promise<Peer> {
  const jax = await import("@jax-js/jax");
  // In Node, jax-js reads the browser's name and fails.
  const devices: readonly string[] = await jax.init("webgpu").catch(() => []);
  if (!devices.includes("webgpu")) throw new Error("jax-js has no WebGPU device in this runtime");
  jax.defaultDevice("webgpu");
  return {
    name: "jax-js",
    version: JAX_VERSION,
    backend: "webgpu",
    prepare: async (task) => (task.kind === "matmul" ? prepareProduct(jax, task) : undefined),
    dispose: () => undefined,
  };
}

/** The package does not export its version; tests/bench/peers.test.ts compares this one with the package's. */
export const JAX_VERSION = "0.1.25";

/** The most pending results before they are awaited; each occupies a buffer. */
const MOST_PENDING = 32;

async function prepareProduct(jax: Jax, product: Product): Promise<PreparedPeer> {
  const { numpy: np } = jax;
  const { a, b, expected } = productTask(product);
  const [left, right] = [a, b].map(({ variable, data }) =>
    np.array(Float32Array.from(data), { shape: [...variable.shape] }),
  ) as [Array, Array];
  // jax-js counts references: `ref` keeps the operands for the next run. A transpose is a view that the product reads.
  const multiply = () =>
    np.matmul(
      product.transposeA ? np.matrixTranspose(left.ref) : left.ref,
      product.transposeB ? np.matrixTranspose(right.ref) : right.ref,
    );
  checkSamples("jax-js: matmul", (await multiply().data()) as Float32Array, expected);
  let pending: Array[] = [];
  const flush = async () => {
    await jax.blockUntilReady(pending);
    for (const result of pending) result.dispose();
    pending = [];
  };
  const begin = () => {
    pending.push(multiply());
    return pending.length >= MOST_PENDING ? flush() : undefined;
  };
  return {
    subject: hostSubject(begin, flush),
    dispose: () => {
      left.dispose();
      right.dispose();
    },
  };
}
