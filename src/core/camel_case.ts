/** Converts Keras's spelling of a name, `hard_sigmoid`, to Sluice's, `hardSigmoid`, and back. */

/** `hard_sigmoid` as `hardSigmoid`; a name in camelCase stays unchanged. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

/** `f1Score` as `f1_score`; a name in snake_case stays unchanged. */
export function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
