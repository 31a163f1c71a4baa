/** The page: starts the worker and shows what it tells. It stays free for the visitor while the worker trains. */
import type { FromWorker } from "./worker.ts";

const find = <E extends Element>(selector: string) => document.querySelector(selector) as E;
const bar = find<HTMLProgressElement>("progress");
const status = find<HTMLOutputElement>("output");

const worker = new Worker(new URL("./worker.ts", import.meta.url), { type: "module" });
worker.onmessage = ({ data }: MessageEvent<FromWorker>) => {
  if (data.kind === "begun") {
    status.value = data.step === 0 ? "Begun." : `Went on after step ${data.step}.`;
  } else if (data.kind === "step") {
    bar.max = data.steps;
    bar.value = data.step;
  } else {
    // Named by their SHA-256: equal names, equal weights.
    const list = find<HTMLUListElement>("ul");
    for (const [name, bytes] of data.files) {
      const link = document.createElement("a");
      link.append(name);
      link.download = name;
      link.href = URL.createObjectURL(new Blob([bytes as Uint8Array<ArrayBuffer>]));
      const item = document.createElement("li");
      item.append(link);
      list.append(item);
    }
    worker.terminate();
  }
};
worker.onerror = ({ message }) => {
  status.value = message;
};
