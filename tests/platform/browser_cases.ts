/** The conformance cases in a browser's page. */
import { type BrowserName, runPage } from "../../src/cli/launch_browser.ts";
import { servePages } from "./page_server.ts";
import { describeRemote, type StartRuntime } from "./remote.ts";
import { caseFilter, suite } from "./selection.ts";

/** Declares one test per case; each runs in `name`, on the source as Vite's dev server gives it. */
export function describeBrowser(title: string, name: BrowserName): void {
  const notes: string[] = [];
  const start: StartRuntime = async (onLine, signal) => {
    const server = await servePages();
    try {
      const query = new URLSearchParams(caseFilter === undefined ? { suite } : { suite, cases: caseFilter });
      const url = `${server.url}tests/platform/page.html?${query}`;
      await runPage(name, url, { onMessage: onLine, onConsole: (text) => notes.push(text), signal });
    } finally {
      await server.close();
    }
  };
  describeRemote(title, start, () => notes.join("\n"));
}
