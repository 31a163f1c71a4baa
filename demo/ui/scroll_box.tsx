/** A box that scrolls content wider than the page. */
import type { ComponentChildren } from "preact";

/** The box; `label` is its name for screen readers. */
export function ScrollBox({ label, children }: { readonly label: string; readonly children: ComponentChildren }) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: a box that scrolls must be reachable by keyboard
    <section class="scroll" tabIndex={0} aria-label={label}>
      {children}
    </section>
  );
}
