/**
 * What a case is: something of a known amount of work, made ready on a device, whose result is checked before it is
 * timed.
 */
import type { Device } from "../gpu/device.ts";
import type { Subject } from "./harness.ts";

/** The work of one run, as it must be done at least: each input is read once and each output written once. */
export interface Work {
  /** Additions and multiplications: a multiply-add counts as two. */
  readonly flops: number;
  readonly bytes: number;
}

/** A case of the bench. */
export interface BenchCase {
  /** Words by which `--filter` finds it: `matmul 32000x100x400`. Sizes of products are M x K x N. */
  readonly name: string;
  readonly group: string;
  /** In the set that runs when nothing is said; the others run with `--all` or when a filter names them. */
  readonly isDefault: boolean;
  readonly work: Work;
  /** What peers need to run the same; absent where none is asked. */
  readonly task?: PeerTask;
  /**
   * Builds and compiles it, with the kernel's variant of that name or the one that Sluice chooses.
   * @throws DeviceError when it does not fit on the adapter.
   */
  prepare(device: Device, variant?: string): Promise<Prepared>;
}

/** A case, compiled. */
export interface Prepared {
  /** By the best clock that the adapter has. */
  readonly subject: Subject;
  /** By wall clock, submit to end, as peers are timed. */
  readonly wall: Subject;
  /**
   * Seconds to build the graph and its pipelines; what a driver compiles at the first dispatch is in the first run's
   * time.
   */
  readonly compileSeconds: number;
  /** Of one run, without extra chunks; absent where the case is more than a program. */
  readonly dispatches?: number;
  /** Dispatches more that only keep each of them short for the watchdog. */
  readonly extraChunks?: number;
  /** Runs once more and gives the seconds of the longest dispatch; absent without timestamps. */
  readonly longestDispatch?: () => Promise<number>;
  /** Names of the kernel's variants, and which of them Sluice chooses here; none where there is one way only. */
  readonly variants: readonly string[];
  readonly chosen: string | undefined;
  /** Runs once and compares with the reference. @throws CheckError */
  check(): Promise<void>;
  /** Frees what was made ready. */
  dispose(): void;
}

/** Sizes of the reviews' model: B rows of T words, V words, E numbers each, H units. */
export interface ModelSizes {
  readonly batch: number;
  readonly steps: number;
  readonly vocabulary: number;
  readonly embedding: number;
  readonly units: number;
}

/** Sizes of a search by dot product: so many queries for the k best of so many rows. */
export interface SearchSizes {
  readonly rows: number;
  readonly dimension: number;
  readonly queries: number;
  readonly k: number;
}

/** What a case asks of other libraries. */
export type PeerTask =
  | {
      readonly kind: "matmul";
      /** 1 where there is no batch. */
      readonly batch: number;
      readonly M: number;
      readonly K: number;
      readonly N: number;
      readonly transposeA: boolean;
      readonly transposeB: boolean;
    }
  | ({ readonly kind: "vector search" } & SearchSizes)
  | { readonly kind: "training step" | "predict"; readonly sizes: ModelSizes };
