/** Reads an SVG document in tests. */
import { expect } from "vitest";

/** The tags of a document, checked to be nested properly. */
export function tagsOf(svg: string): string[] {
  const open: string[] = [];
  const tags: string[] = [];
  for (const [, slash, tag = "", rest = ""] of svg.matchAll(/<(\/?)([a-z]+)([^>]*)>/g)) {
    if (slash === "/") expect(open.pop()).toBe(tag);
    else {
      tags.push(tag);
      if (!rest.endsWith("/")) open.push(tag);
    }
  }
  expect(open).toEqual([]);
  return tags;
}
