/** What the kernels' ops mean in float64, for the interpreter alone: a page that does not interpret carries none of it. */
import type { OpDefinition, OpReference, ReferenceArray, ReferenceContext } from "../graph/op.ts";
import { adaptiveMeanings } from "./adaptive_updates.ts";
import { rowBatchReference, sequenceBatchReference } from "./batch.ts";
import { checkFiniteReference } from "./check_finite.ts";
import { checksumReference } from "./checksum.ts";
import { ftrlMeaning } from "./ftrl_update.ts";
import { fusedReference } from "./fused.ts";
import { gatherReference, scatterAddReference } from "./gather.ts";
import { gruMeaning } from "./gru.ts";
import { lstmMeaning, lstmPaddedSweep } from "./lstm.ts";
import { lstmCellGradReference, lstmCellReference } from "./lstm_cell.ts";
import { maskScheduleReference } from "./mask_schedule.ts";
import { matmulReference } from "./matmul.ts";
import { movementReferences } from "./movement.ts";
import { updateReferences } from "./optimizer_update.ts";
import { adamMeaning, rmspropMeaning, sgdMeaning } from "./optimizer_updates.ts";
import { paddedReferences, paddingReference } from "./padded_sweep.ts";
import { randomUniformReference } from "./random.ts";
import { recurrentGradientReference } from "./recurrent_gradient.ts";
import { reduceReferences } from "./reduce.ts";
import { scoreRowsReference } from "./score_rows.ts";
import { simpleRnnMeaning } from "./simple_rnn.ts";
import { softmaxReference } from "./softmax.ts";
import { sweepReferences } from "./sweep_reference.ts";
import { topKReference } from "./top_k.ts";
import { unstackReference } from "./unstack.ts";
import { weightAverageReference } from "./weight_average.ts";
import { windowsReference } from "./windows.ts";

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
  ...updateReferences(sgdMeaning),
  ...updateReferences(adamMeaning),
  ...updateReferences(rmspropMeaning),
  ...updateReferences(ftrlMeaning),
  ...adaptiveMeanings().flatMap((meaning) => updateReferences(meaning)),
];

const byDefinition = new Map(REFERENCES.map(({ op, reference }) => [op.definition, reference as Reference]));

/** What a kernel's op means; undefined where nothing says so. */
export function referenceOf(definition: OpDefinition): Reference | undefined {
  return byDefinition.get(definition);
}
