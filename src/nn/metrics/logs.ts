/** Results by name: `loss`, the metrics, then the validation results with the prefix `val`. */
export type Logs = Readonly<Record<string, number>>;
