/** A child process for kill.test.ts: saves one model after another until it is killed. Argument: the directory. */
import { writeModelDirectory } from "../../src/io/model_directory.ts";
import { writeSafetensors } from "../../src/io/safetensors.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";

const directory = process.argv[2] ?? "";
const files = await openFileSystem();
const tensor = (value: number) => ({ shape: [20_000], data: new Float32Array(20_000).fill(value) });
for (let save = 1; ; save++) {
  const weights = writeSafetensors(new Map([["w", tensor(save)]]));
  const optimizer = writeSafetensors(new Map([["m", tensor(save)]]));
  await writeModelDirectory(files, directory, { architecture: [], training: { save }, weights, optimizer });
  if (save === 1) console.log("saving");
}
