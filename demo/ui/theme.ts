/** The page's colours for what is drawn on a canvas. */

/** A colour of the page, as its style sheet has it at the moment: light or dark. */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Calls `listener` when the page turns light or dark. Returns its removal. */
export function onThemeChange(listener: () => void): () => void {
  dark.addEventListener("change", listener);
  return () => dark.removeEventListener("change", listener);
}

/** Whether the visitor asked for less motion: then nothing plays by itself. */
export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
