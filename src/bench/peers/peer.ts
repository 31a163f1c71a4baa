/** The interface of other libraries that run the same tasks on the same adapter. */
import type { PeerTask } from "../bench_case.ts";
import type { Subject } from "../harness.ts";

/** A library to compare with. */
export interface Peer {
  readonly name: string;
  readonly version: string;
  /** The backend, as the library names it. */
  readonly backend: string;
  /** Prepares a task and checks its result; undefined if the library does not support such tasks. */
  prepare(task: PeerTask): Promise<PreparedPeer | undefined>;
  /** Frees its resources. */
  dispose(): void;
}

/** A prepared task of a peer. It is timed by wall clock, from submit to end. */
export interface PreparedPeer {
  readonly subject: Subject;
  /** The seconds to build the search index; absent for other tasks. */
  readonly prepareSeconds?: number;
  /** A note on its results, for its line of the table. */
  readonly note?: string;
  /** Frees its resources. */
  dispose(): void;
}
