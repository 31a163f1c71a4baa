/** What axe-core finds in a page as it stands. */
import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import type { Page } from "puppeteer";

const axe = await readFile(fileURLToPath(import.meta.resolve("axe-core/axe.min.js")), "utf8");

/** One line for each finding. */
export async function axeFindings(page: Page): Promise<string[]> {
  await page.evaluate(axe);
  return page.evaluate(async () => {
    type Axe = { run(): Promise<{ violations: { id: string; help: string; nodes: { html: string }[] }[] }> };
    const { violations } = await (globalThis as unknown as { axe: Axe }).axe.run();
    return violations.map(({ id, help, nodes }) => `${id}: ${help}; ${nodes.length} × ${nodes[0]?.html.slice(0, 200)}`);
  });
}
