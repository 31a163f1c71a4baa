/**
 * A child process for odd_files.test.ts: reads the save in each folder below a directory, its argument, and prints what
 * came of it as a line of JSON.
 */
import { readModelDirectory } from "../../src/io/model_directory.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";
import { openSource } from "../../src/platform/open_source.ts";

const parent = process.argv[2] ?? "";
const files = await openFileSystem();
for (const name of await files.readDirectory(parent)) {
  const odd = name.split(" ")[1] ?? "";
  for (const [reader, read] of Object.entries({
    save: () => readModelDirectory(files, `${parent}/${name}`),
    source: () => openSource(`${parent}/${name}/${odd}`),
  })) {
    const error = await read().catch((cause: unknown) => cause);
    const { message } = error instanceof Error ? error : { message: "it was read" };
    console.log(JSON.stringify({ name, reader, kind: error instanceof Error ? error.name : "", message }));
  }
}
