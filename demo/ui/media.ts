/** What the screen is like, as signals. */
import { signal } from "@preact/signals";

const phone = matchMedia("(max-width: 40rem)");

/** A phone's width: words run down instead of across. */
export const isNarrow = signal(phone.matches);
phone.addEventListener("change", ({ matches }) => {
  isNarrow.value = matches;
});
