/** Minimal SVG: elements with attributes, and escaped text. */

/** An element's attributes; undefined ones are omitted. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element. Its children are elements, already escaped. */
export function element(name: string, attributes: Attributes = {}, children: readonly string[] = []): string {
  const words = Object.entries(attributes)
    .filter(([, value]) => value !== undefined)
    .map(([key, value]) => ` ${key}="${escapeXml(typeof value === "number" ? String(round(value)) : String(value))}"`);
  const head = `<${name}${words.join("")}`;
  return children.length === 0 ? `${head}/>` : `${head}>${children.join("")}</${name}>`;
}

/** A line of text. */
export function label(text: string, attributes: Attributes): string {
  return element("text", attributes, [escapeXml(text)]);
}

/** Escapes text for XML. Characters that XML cannot represent are removed. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: the pattern must match them
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
  );
}

/** A coordinate with one decimal. */
export function round(value: number): number {
  return Math.round(value * 10) / 10;
}
