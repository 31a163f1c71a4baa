/** What the kernels' ops mean in float64, for the interpreter alone: a page that does not interpret carries none of it. */
import type { OpDefinition, OpReference, ReferenceArray, ReferenceContext } from "../graph/op.ts";
import { rowBatchReference, sequenceBatchReference } from "./data/batch.ts";
import { gatherReference, scatterAddReference } from "./data/gather.ts";
import { movementReferences } from "./data/movement.ts";
import { randomUniformReference } from "./data/random.ts";
import { unstackReference } from "./data/unstack.ts";
import { windowsReference } from "./data/windows.ts";
import { fusedReference } from "./elementwise/fused.ts";
import { matmulReference } from "./matmul/matmul.ts";
import { updateReferences } from "./optimizers/update_references.ts";
import { weightAverageReference } from "./optimizers/weight_average.ts";
import { gruMeaning } from "./recurrent/gru.ts";
import { lstmMeaning, lstmPaddedSweep } from "./recurrent/lstm.ts";
import { lstmCellGradReference, lstmCellReference } from "./recurrent/lstm_cell.ts";
import { maskScheduleReference } from "./recurrent/mask_schedule.ts";
import { paddedReferences, paddingReference } from "./recurrent/padded_sweep.ts";
import { recurrentGradientReference } from "./recurrent/recurrent_gradient.ts";
import { simpleRnnMeaning } from "./recurrent/simple_rnn.ts";
import { sweepReferences } from "./recurrent/sweep_reference.ts";
import { checkFiniteReference } from "./reduce/check_finite.ts";
import { checksumReference } from "./reduce/checksum.ts";
import { reduceReferences } from "./reduce/reduce.ts";
import { softmaxReference } from "./reduce/softmax.ts";
import { scoreRowsReference } from "./search/score_rows.ts";
import { topKReference } from "./search/top_k.ts";

type Reference = (context: ReferenceContext<unknown>) => readonly ReferenceArray[];

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
  ...sweepReferences(lstmMeaning),
  ...sweepReferences(gruMeaning),
  ...sweepReferences(simpleRnnMeaning),
  ...paddedReferences(lstmPaddedSweep, lstmMeaning),
  ...updateReferences(),
];

const byDefinition = new Map(REFERENCES.map(({ op, reference }) => [op.definition, reference as Reference]));

/** What a kernel's op means; undefined where nothing says so. */
export function referenceOf(definition: OpDefinition): Reference | undefined {
  return byDefinition.get(definition);
}
