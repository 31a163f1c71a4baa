export function brokenLinks(folder: string, isElsewhere?: (path: string) => boolean): string[];
