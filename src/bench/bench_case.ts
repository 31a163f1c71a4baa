/**
 * The types of a bench case: a known amount of work, prepared on a device. Its result is checked before it is timed.
 */
import { nonNegative, required, type TableOf } from "../core/option_table.ts";
import type { Device } from "../gpu/device.ts";
import type { Subject } from "./harness.ts";

/** The minimum work of one run: each input is read once and each output written once. */
export interface Work {
  /** Additions and multiplications: a multiply-add counts as two. */
  readonly flops: number;
  readonly bytes: number;
}

export const WORK = { flops: required(nonNegative), bytes: required(nonNegative) } satisfies TableOf<Work>;

/** A case of the bench. */
export interface BenchCase {
  /** The name, whose words `--filter` matches: `matmul 32000x100x400`. Sizes of products are M x K x N. */
  readonly name: string;
  readonly group: string;
  /** Whether the case is in the default set; the others run with `--all` or when a filter matches them. */
  readonly isDefault: boolean;
  readonly work: Work;
  /** The same task for peers; absent if no peer runs it. */
  readonly task?: PeerTask;
  /**
   * Builds and compiles the case, with the named variant of the kernel or the one that Sluice chooses.
   * @throws DeviceError when the adapter cannot run it.
   */
  prepare(device: Device, variant?: string): Promise<Prepared>;
}

/** A compiled bench case. */
export interface Prepared {
  /** The subject, timed by the adapter's best clock. */
  readonly subject: Subject;
  /** The subject, timed by wall clock from submit to end, like the peers. */
  readonly wall: Subject;
  /**
   * Seconds to build the graph and its pipelines. Compilation that the driver postpones to the first dispatch is part
   * of the first run.
   */
  readonly compileSeconds: number;
  /** The dispatches of one run, without extra chunks; absent if the case is not a single program. */
  readonly dispatches?: number;
  /** Additional dispatches, from work that was split to keep dispatches short. */
  readonly extraChunks?: number;
  /** Runs once more and returns the seconds of the longest dispatch; absent without timestamps. */
  readonly longestDispatch?: () => Promise<number>;
  /** The names of the kernel's variants, and the one that Sluice chooses here; absent if there is only one. */
  readonly variants: readonly string[];
  readonly chosen: string | undefined;
  /** Runs once and compares the result with the reference. @throws CheckError */
  check(): Promise<void>;
  /** Frees the case's resources. */
  dispose(): void;
}

/** Sizes of the review model: B rows of T words, a vocabulary of V words, embeddings of E numbers, H units. */
export interface ModelSizes {
  readonly batch: number;
  readonly steps: number;
  readonly vocabulary: number;
  readonly embedding: number;
  readonly units: number;
}

/** Sizes of a search by dot product: the number of queries, of best rows to find (k), and of rows. */
export interface SearchSizes {
  readonly rows: number;
  readonly dimension: number;
  readonly queries: number;
  readonly k: number;
}

/** A task for other libraries. */
export type PeerTask =
  | {
      readonly kind: "matmul";
      /** 1 if there is no batch axis. */
      readonly batch: number;
      readonly M: number;
      readonly K: number;
      readonly N: number;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    }
  | ({ readonly kind: "vector search" } & SearchSizes)
  | { readonly kind: "training step" | "predict"; readonly sizes: ModelSizes };
