/** Properties of the screen, as signals. */
import { signal } from "@preact/signals";

const phone = matchMedia("(max-width: 40rem)");

/** True at the width of a phone, where words run from top to bottom. */
export const isNarrow = signal(phone.matches);
phone.addEventListener("change", ({ matches }) => {
  isNarrow.value = matches;
});
