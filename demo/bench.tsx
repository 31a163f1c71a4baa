/** The bench as a separate page with a single view. */
import { render } from "preact";
import { Adapter } from "./ui/adapter.tsx";
import { Notices } from "./ui/notices.tsx";
import { filter } from "./views/bench/store.ts";
import { View } from "./views/bench/view.tsx";
import { openGpu } from "./watch_gpu.ts";

function Page() {
  return (
    <>
      <header class="top">
        <div>
          <h1>Bench</h1>
          <p class="muted">
            How fast compute shaders run on your GPU: those of Sluice, those of other libraries, and your own. Every
            result is checked before it is timed. <a href="./index.html">Train a network instead</a>
          </p>
        </div>
        <Adapter />
      </header>
      <main>
        <Notices />
        <h2 class="visually-hidden">Measurements</h2>
        <View />
      </main>
    </>
  );
}

const host = document.getElementById("app");
if (host === null) throw new Error('the page has no element "app"');
filter.value = new URLSearchParams(location.search).get("filter") ?? filter.value;
render(<Page />, host);
openGpu({ onReady: () => undefined, onMissing: () => undefined });
