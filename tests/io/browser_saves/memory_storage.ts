/** An origin-private file system in memory, of which any write can fail or be the last before a kill. */
import type { PrivateDirectory, PrivateFile, PrivateStorage } from "../../../src/platform/origin_private_files.ts";

type Entry = MemoryFile | MemoryDirectory;

/** Which of its two ways to write a file has. */
export type Writing = "sync" | "stream";

/** The storage; its fields are what a test sets and looks at. */
export class MemoryStorage implements PrivateStorage {
  readonly top = new MemoryDirectory(this);
  readonly writing: Writing;
  /** Who has a lock, or waits for it; shared ones are exclusive too. */
  readonly #locks = new Map<string, Promise<unknown>>();
  /** Changes so far: files made, written, truncated, directories made and removed. */
  changes = 0;
  /** The change with this number, and all after it, throw `failure`; a write has then put down half of its bytes. */
  failAt = Number.POSITIVE_INFINITY;
  failure = () => new DOMException("the tab is gone", "InvalidStateError");

  constructor(writing: Writing) {
    this.writing = writing;
  }
  async root(): Promise<PrivateDirectory> {
    return this.top;
  }
  withLock<T>(name: string, _mode: "exclusive" | "shared", work: () => Promise<T>): Promise<T> {
    const result = (this.#locks.get(name) ?? Promise.resolve()).then(work);
    this.#locks.set(
      name,
      result.catch(() => undefined),
    );
    return result;
  }
  async estimate() {
    return { usage: 700, quota: 1_000 };
  }
  async persisted() {
    return false;
  }
  async persist() {
    return false;
  }
  /** Counts a change; true when it is to fail. */
  fails(): boolean {
    return this.changes++ >= this.failAt;
  }
  step(): void {
    if (this.fails()) throw this.failure();
  }
}

class MemoryDirectory implements PrivateDirectory {
  readonly entries = new Map<string, Entry>();
  readonly storage: MemoryStorage;

  constructor(storage: MemoryStorage) {
    this.storage = storage;
  }
  async getDirectoryHandle(name: string, options: { readonly create?: boolean } = {}): Promise<MemoryDirectory> {
    return this.#entry(name, options, MemoryDirectory);
  }
  async getFileHandle(name: string, options: { readonly create?: boolean } = {}): Promise<MemoryFile> {
    return this.#entry(name, options, MemoryFile);
  }
  async removeEntry(name: string): Promise<void> {
    if (!this.entries.has(name)) throw new DOMException(`no ${name}`, "NotFoundError");
    this.storage.step();
    this.entries.delete(name);
  }
  async *keys(): AsyncIterable<string> {
    yield* [...this.entries.keys()];
  }
  #entry<E extends Entry>(
    name: string,
    { create = false }: { readonly create?: boolean },
    kind: new (storage: MemoryStorage) => E,
  ): E {
    const found = this.entries.get(name);
    if (found instanceof kind) return found;
    if (found !== undefined) throw new DOMException(`${name} is of another kind`, "TypeMismatchError");
    if (!create) throw new DOMException(`no ${name}`, "NotFoundError");
    this.storage.step();
    const made = new kind(this.storage);
    this.entries.set(name, made);
    return made;
  }
}

class MemoryFile implements PrivateFile {
  bytes = new Uint8Array();
  readonly storage: MemoryStorage;
  createSyncAccessHandle?: NonNullable<PrivateFile["createSyncAccessHandle"]>;
  createWritable?: NonNullable<PrivateFile["createWritable"]>;

  constructor(storage: MemoryStorage) {
    this.storage = storage;
    if (storage.writing === "sync") this.createSyncAccessHandle = async () => this.#syncHandle();
    else this.createWritable = async () => this.#stream();
  }
  async getFile() {
    const { bytes } = this;
    return { size: bytes.length, arrayBuffer: async () => bytes.slice().buffer };
  }
  /** Writes in place, at most seven bytes at a time. */
  #syncHandle() {
    const write = (bytes: Uint8Array, { at }: { readonly at: number }) => {
      const part = bytes.subarray(0, this.storage.fails() ? 3 : 7);
      const grown = new Uint8Array(Math.max(this.bytes.length, at + part.length));
      grown.set(this.bytes);
      grown.set(part, at);
      this.bytes = grown;
      if (this.storage.changes > this.storage.failAt) throw this.storage.failure();
      return part.length;
    };
    const truncate = () => {
      this.storage.step();
      this.bytes = new Uint8Array();
    };
    return { write, truncate, flush: () => this.storage.step(), close: () => undefined };
  }
  /** Nothing is seen before `close`. */
  #stream() {
    let pending = new Uint8Array();
    const write = async (bytes: Uint8Array<ArrayBuffer>) => {
      this.storage.step();
      pending = bytes.slice();
    };
    const close = async () => {
      this.storage.step();
      this.bytes = pending;
    };
    return { write, close, abort: async () => undefined };
  }
}
