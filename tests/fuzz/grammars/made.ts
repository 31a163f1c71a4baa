/** What all grammars share: a whole file, and faults that are put into its description before it is written. */
import fc from "fast-check";

/** A file, and whether it is as its format has it: then it must load. */
export interface Made {
  readonly isWhole: boolean;
  readonly write: () => Uint8Array | Promise<Uint8Array>;
}

/** Changes of a description that make a file wrong, or odd. */
export type Faults<T> = fc.Arbitrary<(description: T) => void>;

/** None, in a quarter of the files; up to three otherwise. */
export const some = <T>(faults: Faults<T>): fc.Arbitrary<readonly ((description: T) => void)[]> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant([]) },
    { weight: 3, arbitrary: fc.array(faults, { minLength: 1, maxLength: 3 }) },
  );

/** A file that `write` makes of a description once `edit` has put the faults into it. */
export function made<T>(
  faults: readonly ((description: T) => void)[],
  write: (edit: (description: T) => void) => Uint8Array | Promise<Uint8Array>,
): Made {
  const edit = (description: T): void => {
    for (const fault of faults) fault(description);
  };
  return { isWhole: faults.length === 0, write: () => write(edit) };
}
