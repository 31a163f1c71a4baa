/** Just enough SVG: elements with attributes, and text that cannot break out of them. */

/** An element's attributes; those that are undefined are left out. */
export type Attributes = Readonly<Record<string, string | number | undefined>>;

/** An element; children are elements already, `text` is not. */
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

/** Text as XML holds it. Characters that XML knows no way to write are left out. */
export function escapeXml(text: string): string {
  return (
    text
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
      .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]/g, "")
      .replaceAll("&", "&amp;")
      .replaceAll("<", "&lt;")
      .replaceAll(">", "&gt;")
      .replaceAll('"', "&quot;")
  );
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
