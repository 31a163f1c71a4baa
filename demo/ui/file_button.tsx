/** A button that lets one choose a file. */
import { useRef } from "preact/hooks";

export interface FileButtonProps {
  /** Of the input behind it. */
  readonly id: string;
  readonly label: string;
  /** Endings, as `accept` of an input takes them. */
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
          // The same file may be chosen again.
          currentTarget.value = "";
        }}
      />
    </>
  );
}
