/** A button that opens a file dialog. */
import { useRef } from "preact/hooks";

export interface FileButtonProps {
  /** The id of the hidden input. */
  readonly id: string;
  readonly label: string;
  /** File extensions, in the format of an input's `accept`. */
  readonly accept: string;
  readonly isDisabled: boolean;
  readonly onChoose: (file: File) => void;
}

export function FileButton({ id, label, accept, isDisabled, onChoose }: FileButtonProps) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" disabled={isDisabled} onClick={() => input.current?.click()}>
        {label}
      </button>
      <input
        ref={input}
        id={id}
        type="file"
        hidden
        aria-label={label}
        accept={accept}
        onChange={({ currentTarget }) => {
          const [chosen] = currentTarget.files ?? [];
          if (chosen !== undefined) onChoose(chosen);
          // Otherwise choosing the same file again would fire no event.
          currentTarget.value = "";
        }}
      />
    </>
  );
}
