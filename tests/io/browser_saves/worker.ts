/** The same in a worker, by messages. */
import { type Call, saving } from "./saving.ts";

addEventListener(
  "message",
  async ({ data }: MessageEvent<{ readonly call: Call; readonly name: string; readonly value: number }>) => {
    const { call, name, value } = data;
    if (call === "saveForever") await saving.saveForever(name, (saved) => postMessage(saved));
    else postMessage(call === "save" ? await saving.save(name, value) : await saving.load(name));
  },
);
postMessage("ready");
