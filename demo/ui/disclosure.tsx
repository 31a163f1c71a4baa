/** A button that shows and hides the content next to it. */
import type { Signal } from "@preact/signals";

/** The visibility, and the button's labels for showing and hiding. */
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
