import type { Device } from "../../src/index.ts";

/**
 * A test that runs in every runtime: it throws when what it checks does not hold. It imports nothing of one runtime's own
 * (no `node:`), and takes fixtures as `import x from "../fixtures/x.json" with { type: "json" }`.
 */
export interface ConformanceCase {
  /** Unique among all cases. */
  readonly name: string;
  readonly run: (device: Device) => Promise<void>;
}
