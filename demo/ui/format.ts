/** Formats numbers for display. */

/** "86.4%" */
export const percent = (share: number): string => `${(100 * share).toFixed(1)}%`;

/** "12 s", "3 min 5 s", "1 h 20 min" */
export function duration(seconds: number): string {
  const whole = Math.ceil(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** "3.2 MB" */
export function megabytes(bytes: number): string {
  const size = bytes / 1e6;
  return `${size < 10 ? size.toFixed(1) : Math.round(size).toLocaleString("en")} MB`;
}

/** "2,400" */
export const count = (value: number): string => Math.round(value).toLocaleString("en");

/** "+0.42", "−1.30": with a sign, and a typographic minus. */
export const signed = (value: number): string => `${value >= 0 ? "+" : "−"}${Math.abs(value).toFixed(2)}`;
