/** The page: sends its documents to the worker once, and a question with each key. */
import { readTextTable } from "sluice/tables";

const input = document.querySelector("input");
const list = document.querySelector("ol");
const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
worker.onerror = ({ message }) => list.replaceChildren(message);
worker.onmessage = ({ data: { hits } }) => {
  list.replaceChildren(
    ...hits.map(({ id }) => {
      const item = document.createElement("li");
      item.append(id);
      return item;
    }),
  );
};

const rows = await readTextTable(new URL("../headlines.csv", import.meta.url));
worker.postMessage({ documents: rows.map(({ text }) => text) });
const ask = () => worker.postMessage({ question: input.value });
input.addEventListener("input", ask);
ask();
