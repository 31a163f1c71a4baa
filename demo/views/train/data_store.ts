/** What is trained on: the embedded sentences, or a file that the visitor brings. */
import { signal } from "@preact/signals";
import type { DataInfo, DataName } from "../../messages/training.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import { PRESETS } from "../../settings.ts";
import { settings } from "../../state.ts";
import { percent } from "../../ui/format.ts";
import { ask } from "../../worker_client.ts";

/** The visitor's file; nothing while the data is embedded. */
export const file = signal<File | undefined>(undefined);
/** What was read; nothing before. */
export const dataInfo = signal<DataInfo | undefined>(undefined);
/** How far a file is read, in words; empty while none is. */
export const reading = signal("");

/** The data of a file, by its name. */
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
    // What was chosen before stays.
    notifyFailure("data", error);
  } finally {
    reading.value = "";
  }
}

/** Reads a file and, if it is what it should be, trains on it from the next start on. */
export function takeFile(next: File): Promise<void> {
  return take(kindOf(next), next);
}

/** Goes back to the embedded sentences. */
export function takeSentences(): Promise<void> {
  return take("sentences", undefined);
}

/** True while the settings name a file that is not here, as after following a link. */
export function isFileMissing(): boolean {
  return settings.value.data !== "sentences" && file.value === undefined;
}
