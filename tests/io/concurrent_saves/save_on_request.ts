/**
 * A child process for processes.test.ts: saves each number that it reads as a line, and writes the line back when it
 * has.
 */
import { createInterface } from "node:readline";
import { saveNumber } from "../numbered_model.ts";

const directory = process.argv[2] ?? "";
console.log("ready");
for await (const line of createInterface({ input: process.stdin })) {
  await saveNumber(directory, Number(line));
  console.log(line);
}
