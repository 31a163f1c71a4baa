/** The view “Take it home”: the model as a file, code that loads it in another page, and a link to these settings. */
import { signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { shareLink } from "../../address.ts";
import type { ExportFormat } from "../../messages/models.ts";
import { dismiss, notifyFailure } from "../../notices.ts";
import card from "../../shipped/card.json" with { type: "json" };
import { gpu, settings, text, wanted, which } from "../../state.ts";
import { FileButton } from "../../ui/file_button.tsx";
import { count, megabytes, percent } from "../../ui/format.ts";
import { ModelChoice } from "../../ui/model_choice.tsx";
import { saveFile } from "../../ui/save_file.ts";
import { ask } from "../../worker_client.ts";
import { offerOwn, phase } from "../train/store.ts";
import { SNIPPET } from "./snippet.ts";
import "./take_home.css";

interface Format {
  readonly format: ExportFormat;
  readonly label: string;
  readonly about: string;
}

const FORMATS: readonly Format[] = [
  {
    format: "sluice",
    label: "Sluice's own (.zip)",
    about: "Layers, weights and word list: all that is needed to ask it again, here or elsewhere.",
  },
  {
    format: "safetensors",
    label: "Weights (.safetensors)",
    about: "The weights alone, by name, for whatever reads them.",
  },
  {
    format: "tfjs",
    label: "TensorFlow.js (.zip)",
    about: "model.json and weights for tf.loadLayersModel; no word list.",
  },
  { format: "onnx", label: "ONNX (.onnx)", about: "For ONNX Runtime; takes ids, gives the chance of praise." },
];

const status = signal("");
const brought = signal("");
const isBusy = signal(false);
const sharesText = signal(false);
const copied = signal("");

async function download({ format, label }: Format): Promise<void> {
  const model = which.value;
  if (model === undefined || isBusy.value) return;
  isBusy.value = true;
  dismiss("home");
  status.value = `Writing ${label} …`;
  try {
    const { name, bytes, contents } = await ask("exportModel", { which: model, format });
    saveFile(name, bytes);
    status.value = `${name}, ${megabytes(bytes.length)}${contents.length > 0 ? `: ${contents.join(", ")}` : ""}`;
  } catch (error) {
    status.value = "";
    notifyFailure("home", error);
  } finally {
    isBusy.value = false;
  }
}

/** Imports a model from a file, to predict with from now on. */
async function bringBack(file: File): Promise<void> {
  isBusy.value = true;
  dismiss("home");
  brought.value = `Opening ${file.name} …`;
  try {
    await ask("importModel", { file });
    offerOwn();
    wanted.value = "own";
    brought.value = `${file.name} is open: as “your model” it answers in every view, until this page is closed.`;
  } catch (error) {
    brought.value = "";
    notifyFailure("home", error);
  } finally {
    isBusy.value = false;
  }
}

async function copy(what: string, words: string): Promise<void> {
  try {
    await navigator.clipboard.writeText(words);
    copied.value = `${what} copied.`;
  } catch {
    copied.value = "The browser does not let this page copy: select the text and copy it by hand.";
  }
}

function Download() {
  return (
    <section class="panel" aria-labelledby="download-title">
      <h3 id="download-title">Download the model</h3>
      <ModelChoice legend="Model" />
      <ul class="formats">
        {FORMATS.map((each) => (
          <li key={each.format}>
            <button
              id={`save-${each.format}`}
              type="button"
              class={each.format === "sluice" ? "primary" : ""}
              disabled={which.value === undefined || isBusy.value}
              onClick={() => void download(each)}
            >
              {each.label}
            </button>
            <span>{each.about}</span>
          </li>
        ))}
      </ul>
      <p id="home-status" role="status">
        {which.value === undefined && gpu.value.kind !== "missing" ? "The model is on its way …" : status.value}
      </p>
      <p class="muted">
        Keras's own .keras file is written by <code>toKeras</code> of <code>sluice/convert</code>: it needs WebAssembly,
        which this page's security policy does not allow.
      </p>
    </section>
  );
}

function BringBack() {
  const isTraining = phase.value !== "idle";
  return (
    <section class="panel" aria-labelledby="bring-title">
      <h3 id="bring-title">Bring one back</h3>
      <p>A model that was saved here as “Sluice's own”. It takes the place of your own one.</p>
      <div class="controls">
        <FileButton
          id="bring"
          label="Open a saved model"
          accept=".zip"
          isDisabled={isBusy.value || isTraining || gpu.value.kind !== "ready"}
          onChoose={(chosen) => void bringBack(chosen)}
        />
      </div>
      <p id="brought" role="status">
        {isTraining ? "Your own one is being trained: once that is done." : brought.value}
      </p>
    </section>
  );
}

function Snippet() {
  return (
    <section class="panel" aria-labelledby="snippet-title">
      <h3 id="snippet-title">Ask it in a page of your own</h3>
      <p>
        Sluice is a package without dependencies: <code class="whole">npm install sluice</code>. Unpack “Sluice's own”
        into a folder <code>model</code> beside your page, and put this into a module script; a bundler or an import map
        finds the package. The page has to come from https or localhost.
      </p>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
      <pre id="snippet" tabIndex={0}>
        {SNIPPET}
      </pre>
      <div class="controls">
        <button type="button" onClick={() => void copy("The lines are", SNIPPET)}>
          Copy
        </button>
      </div>
    </section>
  );
}

function Share() {
  // The link depends on these signals.
  void settings.value;
  void text.value;
  const link = shareLink(sharesText.value);
  return (
    <section class="panel" aria-labelledby="share-title">
      <h3 id="share-title">Share the settings</h3>
      <p>
        The same settings and seed on the same kind of GPU train the same network, bit for bit. The link opens the
        training with these settings; your text is in it only if you say so.
      </p>
      <label class="check">
        <input
          id="share-text"
          type="checkbox"
          checked={sharesText.value}
          onChange={({ currentTarget }) => {
            sharesText.value = currentTarget.checked;
          }}
        />
        with the text in the box
      </label>
      <label for="share-link">The link</label>
      <div class="copied">
        <input
          id="share-link"
          type="text"
          readOnly
          value={link}
          onFocus={({ currentTarget }) => currentTarget.select()}
        />
        <button type="button" onClick={() => void copy("The link is", link)}>
          Copy
        </button>
      </div>
      <p role="status">{copied.value}</p>
    </section>
  );
}

/** The description of the page's model, and its accuracy. */
function Card() {
  const { shipped, trained, command, date, adapter, runtime, data, epochs } = card;
  return (
    <section class="panel model-card" aria-labelledby="card-title">
      <h3 id="card-title">The model that comes with this page</h3>
      <p>
        Right on <b>{percent(shipped.testAccuracy)}</b> of {count(shipped.reviews)} test reviews, measured with the very
        files that this page loads ({megabytes(shipped.bytes)}, weights in 16 bits);{" "}
        {`${percent(trained.testAccuracy)} with the 32 bits it was trained in.`}
      </p>
      <dl>
        <dt>Command</dt>
        <dd>
          <code>{command}</code>
        </dd>
        <dt>Trained</dt>
        <dd>
          {date}, {runtime}, {adapter}; {epochs.length} epochs
        </dd>
        <dt>Data</dt>
        <dd>
          <a href={data.source}>{data.name}</a>. {data.paper}
        </dd>
      </dl>
      <p class="muted">{data.remarks}</p>
      <details>
        <summary>Its layers</summary>
        {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard */}
        <pre tabIndex={0}>{card.summary}</pre>
      </details>
    </section>
  );
}

export function View() {
  useEffect(() => {
    copied.value = "";
  }, []);
  return (
    <div class="take-home-view">
      <div class="stack">
        <Download />
        <BringBack />
        <Share />
      </div>
      <div class="stack">
        <Snippet />
        <Card />
      </div>
    </div>
  );
}
