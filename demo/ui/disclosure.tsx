/** A quiet button that shows and hides what stands beside it. */
import type { Signal } from "@preact/signals";

/** What is shown, and the words for showing and hiding it. */
export interface DisclosureProps {
  readonly isOpen: Signal<boolean>;
  readonly show: string;
  readonly hide: string;
}

export function Disclosure({ isOpen, show, hide }: DisclosureProps) {
  return (
    <button
      type="button"
      class="quiet"
      aria-expanded={isOpen.value}
      onClick={() => {
        isOpen.value = !isOpen.value;
      }}
    >
      {isOpen.value ? hide : show}
    </button>
  );
}
