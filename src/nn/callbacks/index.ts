/** Callbacks by Keras's names (https://keras.io/api/callbacks/). */
export type { Callback, CallbackState, MutableLogs, Training } from "./callback.ts";
export { type CsvLogger, type CsvLoggerOptions, csvLogger } from "./csv_logger.ts";
export { type EarlyStopping, type EarlyStoppingOptions, earlyStopping } from "./early_stopping.ts";
export { learningRateScheduler, type ReduceLrOnPlateauOptions, reduceLrOnPlateau } from "./learning_rate.ts";
export { type ModelCheckpoint, type ModelCheckpointOptions, modelCheckpoint } from "./model_checkpoint.ts";
export type { MonitorOptions } from "./monitor.ts";
export { type ProgressOptions, progress } from "./progress.ts";
export { type HistoryCallback, history, lambdaCallback, terminateOnNaN } from "./simple.ts";
export { type TensorBoard, type TensorBoardOptions, tensorBoard } from "./tensor_board.ts";
