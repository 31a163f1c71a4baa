/** The choice of data: embedded, or a file that is chosen or dropped anywhere on the page. */
import { useEffect, useState } from "preact/hooks";
import { settings } from "../../state.ts";
import { FileButton } from "../../ui/file_button.tsx";
import { count } from "../../ui/format.ts";
import { dataInfo, file, isFileMissing, reading, takeFile, takeSentences } from "./data_store.ts";

function describe(): string {
  if (reading.value !== "") return reading.value;
  if (isFileMissing()) {
    return settings.value.data === "imdb"
      ? "These settings are for the archive of film reviews: choose it, or drop it here."
      : "These settings are for a table of your own: choose it, or drop it here.";
  }
  const name = file.value?.name ?? "3,000 sentences about films, goods and restaurants, in this page";
  const info = dataInfo.value;
  return info === undefined
    ? name
    : `${name}: ${count(info.train)} to learn from, ${count(info.test)} kept for the test`;
}

/** True while files are dragged over the page. Dropped files are read unless `isBusy`. */
function useDrop(isBusy: boolean): boolean {
  const [isOver, setOver] = useState(false);
  useEffect(() => {
    const hasFiles = ({ dataTransfer }: DragEvent): boolean => dataTransfer?.types.includes("Files") ?? false;
    const over = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      event.preventDefault();
      setOver(!isBusy);
    };
    const leave = (event: DragEvent): void => {
      if (event.relatedTarget === null) setOver(false);
    };
    const drop = (event: DragEvent): void => {
      if (!hasFiles(event)) return;
      // Otherwise a dropped file that misses the target would replace the page.
      event.preventDefault();
      setOver(false);
      const dropped = event.dataTransfer?.files[0];
      if (dropped !== undefined && !isBusy) void takeFile(dropped);
    };
    addEventListener("dragover", over);
    addEventListener("dragleave", leave);
    addEventListener("drop", drop);
    return () => {
      removeEventListener("dragover", over);
      removeEventListener("dragleave", leave);
      removeEventListener("drop", drop);
    };
  }, [isBusy]);
  return isOver;
}

export function DataChoice({ isBusy }: { readonly isBusy: boolean }) {
  const isOver = useDrop(isBusy);
  const isEmbedded = settings.value.data === "sentences";
  return (
    <section class={`data${isOver ? " over" : ""}`} aria-label="Data">
      <p id="data" role="status">
        <strong>{isOver ? "Drop it to train on it" : "Data"}</strong> {isOver ? "" : describe()}
      </p>
      <div class="controls">
        <FileButton
          id="file"
          label="Bring your own file"
          accept=".csv,.tsv,.jsonl,.ndjson,.gz,.tgz"
          isDisabled={isBusy || reading.value !== ""}
          onChoose={(chosen) => void takeFile(chosen)}
        />
        {isEmbedded ? null : (
          <button type="button" disabled={isBusy || reading.value !== ""} onClick={takeSentences}>
            Back to the sentences
          </button>
        )}
      </div>
      <p class="muted">
        A table of <code>text,label</code> as CSV or JSON lines, labels 0 and 1 or negative and positive; or the 50,000
        film reviews of the tutorial: the original archive{" "}
        <a href="https://ai.stanford.edu/~amaas/data/sentiment/">aclImdb_v1.tar.gz</a>. It is read here and sent
        nowhere.
      </p>
    </section>
  );
}
