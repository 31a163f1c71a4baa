/** The page's elements, by id. */

/** The element of that id. @throws Error when the page has none: page and script do not fit. */
export function element<T extends HTMLElement>(id: string, type: abstract new () => T): T {
  const found = document.getElementById(id);
  if (found instanceof type) return found;
  throw new Error(`the page has no ${type.name} called "${id}"`);
}

/** A table cell that holds text. */
export function cell(text: string, className = ""): HTMLTableCellElement {
  const made = document.createElement("td");
  made.textContent = text;
  made.className = className;
  return made;
}

/** A cell with a bar as long as `share`, and its percentage. */
export function shareCell(share: number | undefined, className = ""): HTMLTableCellElement {
  const made = cell("", "share");
  if (share === undefined) return made;
  const bar = document.createElement("span");
  bar.className = `bar ${className}`;
  bar.style.setProperty("--share", String(share));
  made.append(bar, `${(100 * share).toFixed(share < 0.1 ? 1 : 0)}%`);
  return made;
}
