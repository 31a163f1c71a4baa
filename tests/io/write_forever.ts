/**
 * A child process for written_files.test.ts: writes an index and a log until it is killed. Argument: the folder. The
 * index is written as `VectorIndex.save` does, without a GPU.
 */
import { packIndex } from "../../src/embed/vector_index_file.ts";
import { csvLogger } from "../../src/nn/callbacks/csv_logger.ts";
import { openFileSystem } from "../../src/platform/file_system.ts";

const folder = process.argv[2] ?? "";
const files = await openFileSystem();
const logger = csvLogger({ filename: `${folder}/log.csv` });
await logger.onTrainBegin?.({} as never);
for (let epoch = 0; ; epoch++) {
  const vectors = new Float32Array(50_000).fill(epoch);
  const ids = [...Array(500).keys()];
  const index = { dimension: 100, metric: "dot", storage: "float32", ids, metadata: ids.map(() => undefined) } as const;
  await files.writeFileAtomic(`${folder}/a.index`, await packIndex({ ...index, vectors }));
  await logger.onEpochEnd?.(epoch, { loss: 0.5 }, {} as never);
  if (epoch === 0) console.log("writing");
}
