/** Other libraries, asked to do the same task on the same adapter. */
import type { PeerTask } from "../bench_case.ts";
import type { Subject } from "../harness.ts";

/** A library to compare with. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** What it runs on, as it says itself. */
  readonly backend: string;
  /** Makes a task ready, its result checked; undefined where the library does not do such tasks. */
  prepare(task: PeerTask): Promise<PreparedPeer | undefined>;
  /** Frees what it holds. */
  dispose(): void;
}

/** A peer's task, ready. It is timed by wall clock, submit to end. */
export interface PreparedPeer {
  readonly subject: Subject;
  /** Seconds that it took to build what is searched; absent where nothing is. */
  readonly prepareSeconds?: number;
  /** What is to be known of its results, for its line of the table. */
  readonly note?: string;
  /** Frees what it holds. */
  dispose(): void;
}
