/** Optional packages for some file formats, imported on demand; the types declare only what is used. */
import { SluiceError } from "../core/errors.ts";

/** A group of an HDF5 file under construction. */
export interface Hdf5Node {
  create_group(name: string): Hdf5Node;
  create_attribute(name: string, value: string): void;
  create_dataset(options: {
    readonly name: string;
    readonly data: Float32Array | Int32Array;
    readonly shape: readonly number[];
    readonly dtype: string;
  }): unknown;
}

/** The used part of `h5wasm`, which writes files; `hdf5/read.ts` reads them. */
export interface Hdf5Package {
  /** The WebAssembly module, with its files in memory. */
  readonly ready: Promise<{
    readonly FS: {
      readFile(path: string): Uint8Array<ArrayBuffer>;
      unlink(path: string): void;
      analyzePath(path: string): { readonly exists: boolean };
    };
  }>;
  readonly File: new (path: string, mode: "w") => Hdf5Node & { close(): unknown };
}

/** An entry of a zip archive. */
export interface ZipEntry {
  readonly filename: string;
  readonly directory: boolean;
  readonly encrypted: boolean;
  readonly uncompressedSize: number;
  getData?(writer: WritableStream<Uint8Array>, options: Readonly<Record<string, unknown>>): Promise<unknown>;
}

/** The used part of `@zip.js/zip.js`. */
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

/** @throws SluiceError if `h5wasm` is not installed. */
export function loadHdf5(): Promise<Hdf5Package> {
  return load("h5wasm", "HDF5 files that are written", async () => (await import("h5wasm")) as unknown as Hdf5Package);
}

/** @throws SluiceError if `@zip.js/zip.js` is not installed. */
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
