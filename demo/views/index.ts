/**
 * The views of the page, in the order of its navigation. To add one:
 *
 * 1. `views/NAME/view.tsx` exports a component `View`; its styles are a .css file imported there, its own state a
 *    store.ts.
 * 2. A line here. It is loaded when it is first opened, so what it imports costs nothing before.
 * 3. What it asks the worker: `worker/requests/` (see messages/index.ts). What all views share: state.ts, verdict.ts.
 *
 * Only the view at hand is in the page: it may use the GPU and draw while it is mounted, and stops when it leaves.
 */
import type { ComponentType } from "preact";
import { View as AskView } from "./ask/view.tsx";

export interface ViewEntry {
  /** In the address, after the `#`. */
  readonly name: string;
  /** In the navigation, and as the view's heading. */
  readonly title: string;
  /** A sentence of what one does there. */
  readonly about: string;
  readonly load: () => Promise<{ readonly View: ComponentType }>;
}

/**
 * Loads a view that draws charts after their library: started in one task, the two would hold up what one clicks. The
 * library makes a number format as it starts; a page's first one takes about as long as all the rest, and so has a task
 * of its own too.
 */
function withCharts<View>(load: () => Promise<View>): () => Promise<View> {
  return async () => {
    new Intl.NumberFormat(navigator.language);
    await new Promise((resolve) => setTimeout(resolve));
    await import("uplot");
    return load();
  };
}

export const VIEWS: readonly ViewEntry[] = [
  {
    name: "ask",
    title: "Ask it",
    about: "Type a review. The verdict follows as you type, with each word's part in it.",
    // The page opens with it: it comes with the page.
    load: async () => ({ View: AskView }),
  },
  {
    name: "train",
    title: "Train",
    about: "A network learns to tell praise from blame, in this page, on your own GPU.",
    load: withCharts(() => import("./train/view.tsx")),
  },
  {
    name: "cell",
    title: "Inside the cell",
    about: "What an LSTM keeps, forgets and lets in, at every word of the sentence at hand.",
    load: withCharts(() => import("./cell/view.tsx")),
  },
  {
    name: "words",
    title: "Words",
    about: "What each word is to the network, as a map: nobody told it which are alike.",
    load: () => import("./words/view.tsx"),
  },
  {
    name: "forecast",
    title: "Forecast",
    about: "What comes next in a series, by an LSTM and by forecasts that need no network.",
    load: withCharts(() => import("./forecast/view.tsx")),
  },
  {
    name: "bench",
    title: "Bench",
    about: "How fast the kernels run on your GPU, against its own limits and other libraries.",
    load: withCharts(() => import("./bench/view.tsx")),
  },
  {
    name: "home",
    title: "Take it home",
    about: "The model as a file, the lines that load it in a page of yours, and a link to these settings.",
    load: () => import("./take_home/view.tsx"),
  },
];
