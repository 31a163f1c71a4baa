/** The page's colours for drawing on a canvas. */

/** Reads a colour from the style sheet, for the current theme (light or dark). */
export function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const dark = matchMedia("(prefers-color-scheme: dark)");

/** Calls `listener` when the theme changes. Returns a function that removes it. */
export function onThemeChange(listener: () => void): () => void {
  dark.addEventListener("change", listener);
  return () => dark.removeEventListener("change", listener);
}

/** True if the visitor prefers reduced motion; then nothing plays automatically. */
export function prefersReducedMotion(): boolean {
  return matchMedia("(prefers-reduced-motion: reduce)").matches;
}
