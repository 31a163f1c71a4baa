/**
 * The float64 references of the kernels' ops, for the interpreter alone: a page that does not interpret carries none of
 * it.
 */
import type { ErasedReference, OpReference } from "../graph/op.ts";
import type { OpDefinition } from "../graph/operation.ts";
import { rowBatchReference, sequenceBatchReference } from "./data/batch.ts";
import { gatherReference, scatterAddReference } from "./data/gather.ts";
import { movementReferences } from "./data/movement.ts";
import { randomUniformReference } from "./data/random.ts";
import { unstackReference } from "./data/unstack.ts";
import { windowsReference } from "./data/windows.ts";
import { fusedReference } from "./elementwise/elementwise.ts";
import { matmulReference } from "./matmul/matmul.ts";
import { updateReferences } from "./optimizers/update_references.ts";
import { weightAverageReference } from "./optimizers/weight_average.ts";
import { gruReference } from "./recurrent/gru.ts";
import { lstmReference } from "./recurrent/lstm.ts";
import { lstmCellGradReference, lstmCellReference } from "./recurrent/lstm_cell.ts";
import { maskScheduleReference } from "./recurrent/mask_schedule.ts";
import { paddedReferences, paddingReference } from "./recurrent/padded_sweep.ts";
import { peepholeLstmReference } from "./recurrent/peephole_lstm.ts";
import { recurrentGradientReference } from "./recurrent/recurrent_gradient.ts";
import { simpleRnnReference } from "./recurrent/simple_rnn.ts";
import { sweepReferences } from "./recurrent/sweep_reference.ts";
import { checkFiniteReference } from "./reduce/check_finite.ts";
import { checksumReference } from "./reduce/checksum.ts";
import { reduceReferences } from "./reduce/reduce.ts";
import { softmaxReference } from "./reduce/softmax.ts";
import { scoreRowsReference } from "./search/score_rows.ts";
import { topKReference } from "./search/top_k.ts";

const REFERENCES: readonly OpReference[] = [
  rowBatchReference,
  sequenceBatchReference,
  checkFiniteReference,
  checksumReference,
  fusedReference,
  gatherReference,
  scatterAddReference,
  lstmCellReference,
  lstmCellGradReference,
  maskScheduleReference,
  matmulReference,
  ...movementReferences(),
  paddingReference,
  randomUniformReference,
  recurrentGradientReference,
  ...reduceReferences(),
  scoreRowsReference,
  softmaxReference,
  topKReference,
  unstackReference,
  weightAverageReference,
  windowsReference,
  ...[lstmReference, peepholeLstmReference, gruReference].flatMap((cell) => [
    ...sweepReferences(cell),
    ...paddedReferences(cell),
  ]),
  ...sweepReferences(simpleRnnReference),
  ...updateReferences(),
];

const byDefinition = new Map(REFERENCES.map(({ definition, reference }) => [definition, reference]));

/** The float64 reference of a kernel's op; undefined where there is none. */
export function referenceOf(definition: OpDefinition): ErasedReference | undefined {
  return byDefinition.get(definition);
}
