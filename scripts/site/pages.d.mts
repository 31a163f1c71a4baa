export function writePages(out: string): string[];
