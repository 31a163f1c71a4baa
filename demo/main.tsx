/** The page's entry: renders the app, and keeps the URL and the verdict up to date. The worker does the computing. */
import { render } from "preact";
import { followAddress } from "./address.ts";
import { App } from "./app.tsx";
import { bringShippedModel } from "./shipped_model.ts";
import { followVerdict } from "./verdict.ts";
import { VIEWS } from "./views/index.ts";
import { restore, showRecording } from "./views/train/store.ts";
import { openGpu } from "./watch_gpu.ts";

const host = document.getElementById("app");
if (host === null) throw new Error('the page has no element "app"');
followAddress(VIEWS.map(({ name }) => name));
render(<App />, host);
followVerdict();
openGpu({
  onReady: () => {
    void restore();
    void bringShippedModel();
  },
  onMissing: () => void showRecording(),
});
