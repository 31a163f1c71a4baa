/** A table in box-drawing characters, wrapped like Keras's summary (by the Python library rich). */

/** A column of a table. */
export interface Column {
  readonly title: string;
  /** The width between the bars, including two spaces of padding. */
  readonly width: number;
  readonly align: "left" | "right" | "center";
}

/** Draws rows of cells under the column titles. Text wraps at spaces; a word longer than a line is split. */
export function drawTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const rule = (left: string, line: string, cross: string, right: string) =>
    left + columns.map(({ width }) => line.repeat(width)).join(cross) + right;
  const draw = (bar: string, cells: readonly string[]) => {
    const wrapped = columns.map(({ width }, index) => wrap(cells[index] ?? "", width - 2));
    const height = Math.max(...wrapped.map((lines) => lines.length));
    return Array.from({ length: height }, (_, line) => {
      const texts = columns.map((column, index) => align(wrapped[index]?.[line] ?? "", column));
      return `${bar} ${texts.join(` ${bar} `)} ${bar}`;
    }).join("\n");
  };
  return [
    rule("┏", "━", "┳", "┓"),
    draw(
      "┃",
      columns.map(({ title }) => title),
    ),
    rule("┡", "━", "╇", "┩"),
    rows.map((cells) => draw("│", cells)).join(`\n${rule("├", "─", "┼", "┤")}\n`),
    rule("└", "─", "┴", "┘"),
  ].join("\n");
}

function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/(?<= )(?=[^ ])/)) {
    if (line !== "" && (line + word).trimEnd().length > width) {
      lines.push(line);
      line = "";
    }
    line += word;
  }
  lines.push(line);
  return lines.map((each) => cut(each.trimEnd(), width));
}

function cut(text: string, width: number): string {
  return text.length <= width ? text : `${text.slice(0, width - 1)}…`;
}

function align(text: string, { width, align: side }: Column): string {
  const room = width - 2;
  if (side === "left") return text.padEnd(room);
  if (side === "right") return text.padStart(room);
  return text.padStart(Math.floor((room + text.length) / 2)).padEnd(room);
}
