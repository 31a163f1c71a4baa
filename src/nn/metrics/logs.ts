/** Results by name: `loss`, then the metrics, then the same with `val` before them. */
export type Logs = Readonly<Record<string, number>>;
