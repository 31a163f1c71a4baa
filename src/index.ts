/**
 * Sluice: recurrent networks that train on WebGPU. This file exports the public API.
 * @module sluice
 */
export { type ArgmaxOptions, argmax, type IndexArray, type TopK, topK } from "./core/argmax.ts";
export type { DType, HostData, TypedNumbers } from "./core/dtype.ts";
export * from "./core/errors.ts";
export type { ArrayLike, NdArray, Nested } from "./core/nd_array.ts";
export { Random } from "./core/random.ts";
export type { Shape } from "./core/shape.ts";
export type { TuneOptions, TuningStore, VariantChoice, VariantTimer } from "./core/tuning.ts";
export type { InverseOptions, Scaler } from "./data/column_scaler.ts";
export { type Dataset, type DenseDataset, dataset, type RaggedDataset, subset } from "./data/dataset.ts";
export { type Encoder, type EncoderKind, registerEncoder } from "./data/encoder.ts";
export { type ImdbData, type ImdbOptions, type ImdbProgress, imdb } from "./data/imdb.ts";
export { encodeLabels, labelsOf } from "./data/labels.ts";
export { makeRagged, type RaggedOptions } from "./data/make_ragged.ts";
export {
  MinMaxScaler,
  type MinMaxScalerJson,
  type MinMaxScalerOptions,
  minMaxScaler,
} from "./data/min_max_scaler.ts";
export { type PadOptions, padSequences, type Sequence } from "./data/pad_sequences.ts";
export { type RaggedSequences, toPadded } from "./data/ragged_rows.ts";
export { type EncodingOptions, ReviewEncoder, type UnknownWords } from "./data/review_encoder.ts";
export {
  type ChronologicalSplit,
  type ChronologicalSplitOptions,
  chronologicalSplit,
  type MissingValues,
  type WindowOptions,
  windows,
} from "./data/series_windows.ts";
export { type SplitOptions, stratifiedLimit, trainTestSplit } from "./data/split_dataset.ts";
export {
  StandardScaler,
  type StandardScalerJson,
  type StandardScalerOptions,
  standardScaler,
} from "./data/standard_scaler.ts";
export { Tokenizer, type TokenizerOptions } from "./data/tokenizer.ts";
export type { DeviceMemory } from "./gpu/allocations.ts";
export { Device } from "./gpu/device.ts";
export type { DeviceOptions } from "./gpu/device_options.ts";
export { requestDevice } from "./gpu/request_device.ts";
export {
  constant as constantValue,
  type Graph,
  input as inputValue,
  scalar,
  type Update,
  Value,
  Variable,
  type VariableOptions,
} from "./graph/operation.ts";
export { printGraph } from "./graph/print.ts";
export { type BrowserSave, type BrowserSaves, type BrowserSavesOptions, openBrowserSaves } from "./io/browser_saves.ts";
export type { Metadata } from "./io/model_file.ts";
export { readSafetensors, type Safetensors, type SafetensorsOptions, writeSafetensors } from "./io/safetensors.ts";
export type { ActivationConfig, ActivationLike, ActivationName } from "./nn/activations/index.ts";
export * from "./nn/callbacks/index.ts";
export type { BatchIterable, BatchStream } from "./nn/data/batch_stream.ts";
export type { Classification } from "./nn/data/classify_texts.ts";
export type { InputLike, InputsLike } from "./nn/data/data_input.ts";
export type { ClassWeight, DataLike, DataParts, TargetsLike } from "./nn/data/data_targets.ts";
export * from "./nn/layers/index.ts";
export {
  type BinaryFocalOptions,
  binaryCrossentropy,
  binaryFocalCrossentropy,
  type CategoricalFocalOptions,
  type ContrastiveOptions,
  type CosineSimilarityOptions,
  type CrossentropyOptions,
  categoricalCrossentropy,
  categoricalFocalCrossentropy,
  categoricalHinge,
  contrastive,
  cosineSimilarity,
  type HuberOptions,
  hinge,
  huber,
  klDivergence,
  type Loss,
  logCosh,
  meanAbsoluteError,
  meanAbsolutePercentageError,
  meanSquaredError,
  meanSquaredLogarithmicError,
  poisson,
  type SparseCrossentropyOptions,
  sparseCategoricalCrossentropy,
  squaredHinge,
} from "./nn/losses/index.ts";
export {
  type AtValueOptions,
  type AucOptions,
  auc,
  type BinaryAccuracyOptions,
  binaryAccuracy,
  type CosineMetricOptions,
  categoricalAccuracy,
  cosineSimilarityMetric,
  type F1ScoreOptions,
  type FBetaScoreOptions,
  f1Score,
  falseNegatives,
  falsePositives,
  fBetaScore,
  lossMetric,
  type Metric,
  type MetricBatch,
  type MetricLike,
  type MetricOptions,
  type PrecisionOptions,
  precision,
  precisionAtRecall,
  type R2ScoreOptions,
  r2Score,
  recall,
  recallAtPrecision,
  rootMeanSquaredError,
  sensitivityAtSpecificity,
  sparseCategoricalAccuracy,
  sparseTopKCategoricalAccuracy,
  specificityAtSensitivity,
  type ThresholdOptions,
  type TopKOptions,
  topKCategoricalAccuracy,
  trueNegatives,
  truePositives,
} from "./nn/metrics/index.ts";
export type { Logs } from "./nn/metrics/logs.ts";
export { type FunctionalOptions, model } from "./nn/model/functional.ts";
export type { HiddenGradients } from "./nn/model/hidden_gradients.ts";
export type { CellTrace, GruTrace, InputGradients, SimpleRnnTrace } from "./nn/model/inspect.ts";
export { loadModel } from "./nn/model/load_model.ts";
export { Model } from "./nn/model/model.ts";
export type {
  BatchOptions,
  CompileOptions,
  EvaluateOptions,
  MemoryOptions,
  ModelOptions,
  NamedWeight,
  RunOptions,
} from "./nn/model/model_options.ts";
export { type SequentialPart, sequential } from "./nn/model/sequential.ts";
export { type TextClassifierOptions, textClassifier } from "./nn/model/text_classifier.ts";
export {
  type AdadeltaOptions,
  type AdagradOptions,
  type AdamOptions,
  type AdamVariantOptions,
  adadelta,
  adagrad,
  adam,
  adamax,
  adamW,
  type FtrlOptions,
  ftrl,
  type LionOptions,
  lion,
  nadam,
  type Optimizer,
  type OptimizerOptions,
  type RmspropOptions,
  rmsprop,
  type SgdOptions,
  sgd,
} from "./nn/optimizers/index.ts";
export {
  type CosineOptions,
  type CosineRestartsOptions,
  cosineDecay,
  cosineDecayRestarts,
  type DecayOptions,
  exponentialDecay,
  inverseTimeDecay,
  type LearningRate,
  type LearningRateSchedule,
  type PiecewiseOptions,
  type PolynomialOptions,
  piecewiseConstantDecay,
  polynomialDecay,
} from "./nn/optimizers/schedules.ts";
export type { ClassesLike, ClassOptions } from "./nn/report/classes.ts";
export {
  type ClassificationReport,
  type ClassScores,
  classificationReport,
  type ReportOptions,
} from "./nn/report/classification_report.ts";
export { type ConfusionMatrix, confusionMatrix } from "./nn/report/confusion_matrix.ts";
export type { CurvesOptions } from "./nn/report/curves_svg.ts";
export type { MatrixOptions } from "./nn/report/matrix_svg.ts";
export type { PredictorOptions } from "./nn/saved_plan/write.ts";
export type { MetadataLike } from "./nn/saving/metadata.ts";
export type { ModelFiles, SaveOptions } from "./nn/saving/model_save.ts";
export type { MemoryUse, ModelMemory, TrainingMemory } from "./nn/show/memory_figures.ts";
export type { SvgOptions } from "./nn/show/model_svg.ts";
export type { SummaryOptions } from "./nn/show/summary.ts";
export type { FitOptions } from "./nn/training/fit_options.ts";
export type { History, Recovery, TrainingStatistics } from "./nn/training/fit_result.ts";
export type { Progress } from "./nn/training/progress.ts";
export type { EpochRecord, TrainingState } from "./nn/training/training_state.ts";
export type { TrainingStep } from "./nn/training/training_step.ts";
export {
  type Constraint,
  type ConstraintLike,
  type MaxNormOptions,
  type MinMaxNormOptions,
  maxNorm,
  minMaxNorm,
  nonNeg,
  type UnitNormOptions,
  unitNorm,
} from "./nn/weights/constraints.ts";
export {
  constant,
  glorotNormal,
  glorotUniform,
  heNormal,
  heUniform,
  type Initializer,
  type InitializerLike,
  identity,
  lecunNormal,
  lecunUniform,
  ones,
  orthogonal,
  randomNormal,
  randomUniform,
  truncatedNormal,
  varianceScaling,
  zeros,
} from "./nn/weights/initializers.ts";
export {
  type L1L2Options,
  l1,
  l1l2,
  l2,
  type OrthogonalOptions,
  orthogonalRegularizer,
  type Regularizer,
  type RegularizerLike,
} from "./nn/weights/regularizers.ts";
export * as ops from "./ops/index.ts";
export { type Bindings, interpret } from "./ops/interpret.ts";
export { FileError } from "./platform/file_interface.ts";
export type { TextOutput } from "./platform/standard_output.ts";
export { isStorageFull } from "./platform/storage_full_error.ts";
export { type OperationTime, operationTimes } from "./runtime/measure/operation_times.ts";
export { defaultTuningStore, type Tuning, tuningOf } from "./runtime/measure/tune.ts";
export {
  type CallableProgram,
  type InputType,
  type ProgramOutput,
  type ProgramResult,
  program,
} from "./runtime/run/callable.ts";
export { type DispatchTime, type Feeds, Program, type ProgramStatistics } from "./runtime/run/program.ts";
export { type ValueAndGradients, valueAndGrad } from "./transform/differentiate.ts";
export { gradients, vjp } from "./transform/gradients.ts";
