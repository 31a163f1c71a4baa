/** A share as a bar and as a percentage. */

export interface ShareProps {
  /** From 0 to 1; undefined if unknown. */
  readonly of: number | undefined;
  readonly isOther?: boolean;
}

export function Share({ of, isOther = false }: ShareProps) {
  if (of === undefined) return null;
  return (
    <>
      <span class={isOther ? "bar other" : "bar"} style={{ "--share": String(of) }} />
      {`${(100 * of).toFixed(of < 0.1 ? 1 : 0)}%`}
    </>
  );
}
