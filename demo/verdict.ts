/** The verdict on the sentence at hand, asked for as it changes: rooms read the signal. */
import { effect, signal } from "@preact/signals";
import { ask } from "./client.ts";
import { notifyFailure } from "./notices.ts";
import { ownVersion, text, which } from "./state.ts";
import type { Verdict } from "./worker/judge.ts";

/** The verdict waits until the visitor has not typed for so long. */
const TYPING_MILLISECONDS = 80;

/** The latest verdict; that on an older text while a newer one is being read, nothing before the first. */
export const verdict = signal<Verdict | undefined>(undefined);

let isAsking = false;
let isStale = false;

/** Asks about what stands there now; what changes in the meantime is asked about next, and what lies between is passed over. */
async function refresh(): Promise<void> {
  isStale = true;
  if (isAsking) return;
  isAsking = true;
  try {
    while (isStale) {
      isStale = false;
      const model = which.value;
      if (model === undefined) break;
      verdict.value = await ask("judge", { which: model, text: text.value });
    }
  } catch (error) {
    notifyFailure("ask", error);
  } finally {
    isAsking = false;
  }
}

/** Keeps the verdict up to date from now on. */
export function followVerdict(): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let judged = "";
  effect(() => {
    const isTyped = judged !== text.value;
    judged = text.value;
    void ownVersion.value;
    if (which.value === undefined) return;
    clearTimeout(timer);
    timer = setTimeout(refresh, isTyped ? TYPING_MILLISECONDS : 0);
  });
}
