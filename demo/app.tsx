/** The page's frame: header, navigation, notices and the current view. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { viewLink } from "./address.ts";
import { gpu, view } from "./state.ts";
import { Adapter } from "./ui/adapter.tsx";
import { Notices } from "./ui/notices.tsx";
import { VIEWS, type ViewEntry } from "./views/index.ts";
import { isFileMissing } from "./views/train/data_store.ts";
import { figures, kept, phase, start } from "./views/train/store.ts";

const ICON = new URL("./icon.svg", import.meta.url).href;

/** The components of the loaded views, by name. */
const loaded = signal<ReadonlyMap<string, ComponentType>>(new Map());

function load({ name, load: get }: ViewEntry): void {
  if (loaded.value.has(name)) return;
  void get().then(({ View }) => {
    loaded.value = new Map(loaded.value).set(name, View);
  });
}

/** The page's primary button; during training it links to the run. */
function TrainButton() {
  if (view.value === "train" || gpu.value.kind !== "ready") return null;
  if (phase.value === "idle" && kept.value !== undefined) {
    return (
      <a class="button" href={viewLink("train")}>
        A training waits
      </a>
    );
  }
  if (phase.value !== "idle") {
    const { step = 0, steps = 1 } = figures.value ?? {};
    return (
      <a class="button" href={viewLink("train")}>
        Training: {Math.floor((100 * step) / steps)}%
      </a>
    );
  }
  return (
    <button
      id="train-now"
      type="button"
      class="primary"
      onClick={() => {
        view.value = "train";
        if (!isFileMissing()) void start();
      }}
    >
      Train on your GPU
    </button>
  );
}

function Navigation() {
  const list = useRef<HTMLUListElement>(null);
  const { value: current } = view;
  // On a phone not all names fit, so this scrolls the current view's name into view.
  useEffect(() => {
    const host = list.current;
    const here = host?.querySelector<HTMLElement>("[aria-current]");
    if (!host || !here) return;
    const resize = new ResizeObserver(() => {
      host.scrollLeft = here.offsetLeft - (host.clientWidth - here.offsetWidth) / 2;
    });
    resize.observe(host);
    return () => resize.disconnect();
  }, [current]);
  return (
    <nav class="views" aria-label="Views">
      <ul ref={list}>
        {VIEWS.map(({ name, title }) => (
          <li key={name}>
            <a
              class="steady"
              data-bold={title}
              href={viewLink(name)}
              aria-current={current === name ? "page" : undefined}
            >
              {title}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export function App() {
  const entry = VIEWS.find(({ name }) => name === view.value) ?? (VIEWS[0] as ViewEntry);
  const View = loaded.value.get(entry.name);
  useEffect(() => load(entry), [entry]);
  useEffect(() => {
    document.title = `${entry.title} · Sluice`;
  }, [entry]);
  return (
    <>
      <header class="top">
        <div class="brand">
          <img src={ICON} alt="" width="40" height="40" />
          <div>
            <h1>Sluice</h1>
            <p>An LSTM that trains in this page, on your own GPU. Nothing you type leaves it.</p>
          </div>
        </div>
        <div class="top-right">
          <Adapter />
          <TrainButton />
        </div>
      </header>
      <Navigation />
      <main id="view" class="view" aria-labelledby="view-title" aria-busy={View === undefined}>
        <Notices />
        <div class="view-head">
          <h2 id="view-title">{entry.title}</h2>
          <p>{entry.about}</p>
        </div>
        {View === undefined ? null : <View />}
      </main>
      <footer class="muted">
        <p>
          Sluice is an npm package: recurrent networks that train and answer in browsers, Node and Deno.{" "}
          <a href={viewLink("home")}>Put one into a page of yours</a>.
        </p>
      </footer>
    </>
  );
}
