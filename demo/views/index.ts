/**
 * The page's views, in the order of the navigation. To add a view:
 *
 * 1. Export a component `View` from `views/NAME/view.tsx`, with its styles in a .css file and its state in store.ts.
 * 2. Add an entry here. The view is loaded when it is first opened.
 * 3. Add its requests to `worker/requests/` (see messages/index.ts). The shared state is in state.ts and verdict.ts.
 *
 * Only the current view is mounted. It may use the GPU and draw while it is mounted, and must stop when it is
 * unmounted.
 */
import type { ComponentType } from "preact";
import { View as AskView } from "./ask/view.tsx";

export interface ViewEntry {
  /** The name in the URL, after the `#`. */
  readonly name: string;
  /** The label in the navigation, and the view's heading. */
  readonly title: string;
  /** A sentence about the view. */
  readonly about: string;
  readonly load: () => Promise<{ readonly View: ComponentType }>;
}

/**
 * Loads a view with charts after the chart library, because evaluating both in one task would block input. The library
 * creates a number format when it is evaluated; the first one on a page takes as long as the rest of the library, so it
 * is created in a separate task too.
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
    // The page opens with this view, so it is bundled with the page.
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
