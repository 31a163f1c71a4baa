/** Packages that only some files need: loaded when such a file is met, described by the little that is used of them. */
import { SluiceError } from "../core/errors.ts";

/** An HDF5 attribute. */
export interface Hdf5Attribute {
  readonly value: unknown;
}

/** How HDF5 stores numbers: `type` 0 is an integer, 1 a float, 3 text. */
export interface Hdf5Metadata {
  readonly type: number;
  readonly size: number;
  readonly total_size: number;
  readonly shape: readonly number[] | null;
}

/** A group or a data set of an open HDF5 file. */
export interface Hdf5Node {
  readonly type: string;
  readonly attrs: Readonly<Record<string, Hdf5Attribute>>;
  readonly metadata?: Hdf5Metadata;
  readonly value?: unknown;
  keys(): readonly string[];
  /** 0 for a hard link to a group or data set within the file. */
  get_type(name: string): number;
  get(name: string): Hdf5Node | null;
  create_group(name: string): Hdf5Node;
  create_attribute(name: string, value: string): void;
  create_dataset(options: {
    readonly name: string;
    readonly data: Float32Array | Int32Array | BigInt64Array;
    readonly shape: readonly number[];
    readonly dtype: string;
  }): unknown;
}

/** What is used of `h5wasm`. */
export interface Hdf5Package {
  readonly ready: Promise<Hdf5Module>;
  readonly File: new (path: string, mode: "r" | "w") => Hdf5Node & { close(): unknown };
}

/** The WebAssembly module behind `h5wasm`. */
export interface Hdf5Module {
  readonly FS: Hdf5Files;
  /** Faults are thrown, in place of being printed. */
  activate_throwing_error_handler(): unknown;
  deactivate_throwing_error_handler(): unknown;
}

/** The files in memory that `h5wasm` works on. */
export interface Hdf5Files {
  writeFile(path: string, bytes: Uint8Array): void;
  readFile(path: string): Uint8Array<ArrayBuffer>;
  unlink(path: string): void;
}

/** An entry of a zip archive. */
export interface ZipEntry {
  readonly filename: string;
  readonly directory: boolean;
  readonly encrypted: boolean;
  readonly uncompressedSize: number;
  getData?(writer: WritableStream<Uint8Array>, options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** What is used of `@zip.js/zip.js`. */
export interface ZipPackage {
  readonly Uint8ArrayReader: new (bytes: Uint8Array) => object;
  readonly Uint8ArrayWriter: new () => object;
  readonly ZipReader: new (
    reader: object,
    options?: Readonly<Record<string, unknown>>,
  ) => { getEntriesGenerator(): AsyncIterable<ZipEntry>; close(): Promise<void> };
  readonly ZipWriter: new (
    writer: object,
    options?: Readonly<Record<string, unknown>>,
  ) => {
    add(name: string, reader: object, options: Readonly<Record<string, unknown>>): Promise<unknown>;
    close(): Promise<Uint8Array<ArrayBuffer>>;
  };
}

/** @throws SluiceError when `h5wasm` is not installed. */
export function loadHdf5(): Promise<Hdf5Package> {
  return load("h5wasm", "HDF5 files", async () => (await import("h5wasm")) as unknown as Hdf5Package);
}

/** @throws SluiceError when `@zip.js/zip.js` is not installed. */
export function loadZip(): Promise<ZipPackage> {
  return load("@zip.js/zip.js", "zip archives", async () => (await import("@zip.js/zip.js")) as unknown as ZipPackage);
}

async function load<T>(name: string, what: string, from: () => Promise<T>): Promise<T> {
  try {
    return await from();
  } catch (cause) {
    throw new SluiceError(
      `${what} need the npm package \`${name}\`, which could not be loaded; run \`npm install ${name}\``,
      { package: name },
      { cause },
    );
  }
}
