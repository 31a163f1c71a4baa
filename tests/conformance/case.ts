import type { Device } from "../../src/index.ts";

/**
 * A test that runs in every runtime: it throws when what it checks does not hold. It imports nothing of one runtime's
 * own (no `node:`), and takes fixtures as `import x from "../fixtures/x.json" with { type: "json" }`.
 */
export interface ConformanceCase {
  /** Unique among all cases. */
  readonly name: string;
  /** How many tries it stands for in the table of long tests; 1 when absent. */
  readonly tries?: number;
  /** True for what Vitest runs by itself in Node. */
  readonly isElsewhereOnly?: boolean;
  /** A text that it resolves with is told. */
  readonly run: (device: Device) => Promise<unknown>;
}
