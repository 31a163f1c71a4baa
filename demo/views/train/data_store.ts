/** The training data: the embedded sentences, or the visitor's file. */
import { signal } from "@preact/signals";
import type { DataInfo, DataName } from "../../messages/training.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { PRESETS } from "../../settings.ts";
import { settings } from "../../state.ts";
import { percent } from "../../ui/format.ts";
import { ask } from "../../worker_client.ts";

/** The visitor's file; undefined for the embedded data. */
export const file = signal<File | undefined>(undefined);
/** Information on the data; undefined until it has been read. */
export const dataInfo = signal<DataInfo | undefined>(undefined);
/** The progress of reading a file, as text; empty if none is being read. */
export const reading = signal("");

/** The kind of data in a file, by its name. */
function kindOf({ name }: File): DataName {
  return /\.(tar\.gz|tgz|gz|tar)$/i.test(name) ? "imdb" : "table";
}

async function take(data: DataName, next: File | undefined): Promise<void> {
  dismiss("data");
  const wanted = { ...PRESETS[data], seed: settings.value.seed };
  reading.value = next === undefined ? "" : `Reading ${next.name} …`;
  try {
    const info = await ask(
      "readData",
      { settings: wanted, file: next },
      {
        onEvent: ({ bytes, totalBytes }) => {
          if (totalBytes !== undefined) reading.value = `Reading ${next?.name}: ${percent(bytes / totalBytes)}`;
        },
      },
    );
    file.value = next;
    dataInfo.value = info;
    settings.value = wanted;
  } catch (error) {
    // The previous choice is unaffected.
    notifyFailure("data", error);
  } finally {
    reading.value = "";
  }
}

/** Reads a file and, if it is valid, uses it for the next training run. */
export function takeFile(next: File): Promise<void> {
  return take(kindOf(next), next);
}

/** Returns to the embedded sentences. */
export function takeSentences(): Promise<void> {
  return take("sentences", undefined);
}

/** True if the settings need a file that the visitor has not chosen, such as after following a link. */
export function isFileMissing(): boolean {
  return settings.value.data !== "sentences" && file.value === undefined;
}
