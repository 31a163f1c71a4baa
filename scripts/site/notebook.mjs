// Renders a notebook as HTML: its cells and their saved outputs.

/** @param markdown renders the text cells */
export function notebookHtml({ cells }, markdown) {
  const { escapeHtml } = markdown.utils;
  const output = ({ output_type, text = [], data = {} }) => {
    if (output_type === "stream") return `<pre class="output">${escapeHtml(text.join(""))}</pre>`;
    const svg = data["image/svg+xml"];
    return svg === undefined ? `<pre class="output">${escapeHtml(String(data["text/plain"]))}</pre>` : `<p>${svg}</p>`;
  };
  const code = (source) => `<pre><code class="language-ts">${escapeHtml(source)}</code></pre>`;
  return cells
    .map(({ cell_type, source, outputs = [] }) => {
      const text = source.join("");
      return cell_type === "markdown" ? markdown.render(text) : [code(text), ...outputs.map(output)].join("\n");
    })
    .join("\n");
}
