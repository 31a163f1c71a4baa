/** PyTorch on the CPU, in a separate Python process, if this machine has it. */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { createInterface } from "node:readline";
import type { PeerTask } from "../bench/bench_case.ts";
import { CheckError, checkSamples } from "../bench/check_samples.ts";
import { WALL_CLOCK } from "../bench/harness.ts";
import type { Peer, PreparedPeer } from "../bench/peers/peer.ts";
import { MODEL_TOLERANCE, reviewTask } from "../bench/review_model.ts";
import { DeviceError, FormatError } from "../core/errors.ts";
import type { NdArray } from "../core/nd_array.ts";
import torchPeer from "./torch_peer.py?raw" with { type: "text" };

/** The rounding error of a float32 sum of up to 32,000 terms of magnitude about 1. */
const PRODUCT_TOLERANCE = 1e-2;

/** Finds a Python that has torch: `SLUICE_PYTHON`, the one in PATH, or the system's. */
function findPython(): string {
  const named = process.env.SLUICE_PYTHON;
  for (const program of [...(named ? [named] : []), "python3", "/usr/bin/python3"]) {
    if (spawnSync(program, ["-c", torchPeer, "--probe"], { stdio: "ignore" }).status === 0) return program;
  }
  throw new DeviceError(
    "no Python on this machine has torch; on Debian run `apt-get install python3-torch`, or set SLUICE_PYTHON to a " +
      "Python that has it",
  );
}

/** Starts Python and waits until torch is loaded. @throws DeviceError when no Python has torch. */
export async function loadTorch(): Promise<Peer> {
  const torch = new TorchProcess(spawn(findPython(), ["-u", "-c", torchPeer], { stdio: ["pipe", "pipe", "inherit"] }));
  const { version, threads } = await torch.read();
  return {
    name: "pytorch",
    version: String(version),
    backend: `cpu, ${threads} threads`,
    prepare: async (task) => (task.kind === "vector search" ? undefined : prepare(torch, task)),
    dispose: () => torch.end(),
  };
}

type Answer = Readonly<Record<string, unknown>>;

/** The Python process, which answers each request line with one line. */
class TorchProcess {
  readonly #child: ChildProcess;
  readonly #lines: AsyncIterator<string>;

  constructor(child: ChildProcess) {
    if (child.stdout === null) throw new DeviceError("Python was started without a pipe");
    this.#child = child;
    this.#lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  }

  async request(request: unknown): Promise<Answer> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const answer = await this.read();
    if (typeof answer.error === "string") throw new DeviceError(`PyTorch: ${answer.error}`);
    return answer;
  }

  async read(): Promise<Answer> {
    const { value, done } = await this.#lines.next();
    if (done === true) throw new DeviceError("Python ended before it answered");
    const answer: unknown = JSON.parse(value);
    if (typeof answer !== "object" || answer === null) throw new FormatError(`Python answered ${value}`);
    return answer as Answer;
  }

  end(): void {
    this.#child.stdin?.end();
  }
}

/** The tasks that PyTorch can do. */
type TorchTask = Exclude<PeerTask, { readonly kind: "vector search" }>;

async function prepare(torch: TorchProcess, task: TorchTask): Promise<PreparedPeer> {
  const { result } = await torch.request({ do: "prepare", task: task.kind === "matmul" ? task : packed(task) });
  checkResult(task, result);
  const time = async (runs: number) => Number((await torch.request({ do: "run", runs })).seconds);
  return { subject: { clock: WALL_CLOCK, time }, dispose: () => undefined };
}

function packed({ kind, sizes }: Exclude<TorchTask, { readonly kind: "matmul" }>) {
  const { weights, ids, labels } = reviewTask(sizes);
  const pack = ({ shape, data }: NdArray) => ({
    shape,
    data: Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"),
  });
  return { kind, weights: weights.map(pack), ids: pack(ids), labels: pack(labels) };
}

function checkResult(task: TorchTask, result: unknown): void {
  const numbers = [result].flat() as number[];
  if (task.kind === "matmul") {
    checkSamples("PyTorch: distance of a row from float64", numbers, () => ({
      value: 0,
      tolerance: PRODUCT_TOLERANCE,
    }));
    return;
  }
  const { loss, predictions } = reviewTask(task.sizes);
  if (task.kind === "predict") {
    const expected = (row: number) => ({ value: predictions[row] as number, tolerance: MODEL_TOLERANCE });
    checkSamples("PyTorch: predict", numbers, expected);
    return;
  }
  const [first = Number.NaN, second = Number.NaN] = numbers;
  checkSamples("PyTorch: loss of the first step", [first], () => ({ value: loss, tolerance: MODEL_TOLERANCE }));
  if (!(second < first)) throw new CheckError(`PyTorch: the loss was ${first} and then ${second}; expected it to fall`);
}
