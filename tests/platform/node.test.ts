/** The conformance cases in Node, on Dawn. A missing adapter fails. */

import { afterAll, beforeAll, describe } from "vitest";
import { reduceGpuPolling } from "../../src/node.ts";
import { type CaseRunner, openRunner } from "../conformance/run.ts";
import { collect } from "../support/collect.ts";
import { describeSkipped, isWanted } from "./runtimes.ts";
import { declareCases, selectedCases } from "./selection.ts";

if (!isWanted("node")) describeSkipped("Node", "SLUICE_RUNTIMES leaves it out");

describe.runIf(isWanted("node"))("Node", () => {
  let runner: CaseRunner;
  beforeAll(async () => {
    // What cases ask for where they look at the process's memory.
    Object.assign(globalThis, { gc: collect });
    reduceGpuPolling();
    runner = await openRunner();
    console.log(`Node: ${runner.device.adapter}`);
  });
  afterAll(() => runner?.device.dispose());

  declareCases(
    "Node",
    (testCase) => runner.run(testCase),
    selectedCases.filter(({ isElsewhereOnly }) => isElsewhereOnly !== true),
  );
});
