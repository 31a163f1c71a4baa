/** The frame: what the page is, the way to its rooms, what went wrong, and the room at hand. */
import { signal } from "@preact/signals";
import type { ComponentType } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { roomLink } from "./address.ts";
import { gpu, room } from "./state.ts";
import { Adapter } from "./ui/adapter.tsx";
import { Notices } from "./ui/notices.tsx";
import { ROOMS, type RoomEntry } from "./views/index.ts";
import { isFileMissing } from "./views/train/data_store.ts";
import { figures, kept, phase, start } from "./views/train/store.ts";

const ICON = new URL("./icon.svg", import.meta.url).href;

/** Rooms that were opened, by name. */
const loaded = signal<ReadonlyMap<string, ComponentType>>(new Map());

function load({ name, load: get }: RoomEntry): void {
  if (loaded.value.has(name)) return;
  void get().then(({ Room }) => {
    loaded.value = new Map(loaded.value).set(name, Room);
  });
}

/** The page's one primary button; while a training runs, the way back to it. */
function TrainButton() {
  if (room.value === "train" || gpu.value.kind !== "ready") return null;
  if (phase.value === "idle" && kept.value !== undefined) {
    return (
      <a class="button" href={roomLink("train")}>
        A training waits
      </a>
    );
  }
  if (phase.value !== "idle") {
    const { step = 0, steps = 1 } = figures.value ?? {};
    return (
      <a class="button" href={roomLink("train")}>
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
        room.value = "train";
        if (!isFileMissing()) void start();
      }}
    >
      Train on your GPU
    </button>
  );
}

function Navigation() {
  const list = useRef<HTMLUListElement>(null);
  const { value: current } = room;
  // On a phone not all names fit: the room at hand is scrolled to.
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
    <nav class="rooms" aria-label="Rooms">
      <ul ref={list}>
        {ROOMS.map(({ name, title }) => (
          <li key={name}>
            <a
              class="steady"
              data-bold={title}
              href={roomLink(name)}
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
  const entry = ROOMS.find(({ name }) => name === room.value) ?? (ROOMS[0] as RoomEntry);
  const Room = loaded.value.get(entry.name);
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
      <main id="room" class="room" aria-labelledby="room-title" aria-busy={Room === undefined}>
        <Notices />
        <div class="room-head">
          <h2 id="room-title">{entry.title}</h2>
          <p>{entry.about}</p>
        </div>
        {Room === undefined ? null : <Room />}
      </main>
      <footer class="muted">
        <p>
          Sluice is an npm package: recurrent networks that train and answer in browsers, Node and Deno.{" "}
          <a href={roomLink("home")}>Put one into a page of yours</a>.
        </p>
      </footer>
    </>
  );
}
