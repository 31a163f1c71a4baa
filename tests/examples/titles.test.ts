/** The examples that need no browser; `tests/package/apps.test.ts` runs the others in the installed package. */
import { afterAll, expect, test } from "vitest";
import { readTitles, searchTitles } from "../../examples/titles.ts";
import { testDevice } from "../support/device.ts";

afterAll(async () => (await testDevice()).dispose());

test("searches over 10,000 titles by meaning", async () => {
  expect((await readTitles()).length).toBeGreaterThan(10_000);
  const search = await searchTitles(await testDevice());
  for (const [question, title] of [
    ["a place where books are kept", "library"],
    ["a boat for fishing", "trawler"],
    ["a house for cars", "garage"],
    ["a drug against pain", "analgesic"],
    ["a vehicle for sick people", "ambulance"],
  ] as const) {
    const titles = await search(question);
    console.log(`${question}: ${titles.join(", ")}`);
    expect(titles, question).toHaveLength(10);
    expect.soft(titles, question).toContain(title);
  }
});
