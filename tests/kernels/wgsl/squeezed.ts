/** Code as it is printed: without the blanks that part neither two words nor two signs. */
export const squeezed = (code: string): string =>
  code.replace(/ *([()[\]{},;]) */g, "$1").replace(/(?<=\w) +(?=[^\w\s])|(?<=[^\w\s]) +(?=\w)/g, "");
