/** Converts Keras's spelling of a name, `hard_sigmoid`, to Sluice's, `hardSigmoid`. */

/** `hard_sigmoid` as `hardSigmoid`; a name in camelCase stays as it is. */
export function camelCase(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
