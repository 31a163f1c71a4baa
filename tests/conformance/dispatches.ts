/** How many dispatches a training step takes, with each runtime's own limits. */
import { MOST_DISPATCHES, ROWS, tutorialBatch, tutorialModel } from "../support/tutorial.ts";
import type { ConformanceCase } from "./case.ts";

export const dispatchCases: readonly ConformanceCase[] = [
  {
    name: `dispatches: a training step of the tutorial's model takes at most ${MOST_DISPATCHES}`,
    async run(device) {
      using model = tutorialModel(device);
      const step = await model.trainingStep(tutorialBatch(), { batchSize: ROWS });
      const { dispatches } = step.program.statistics;
      step.dispose();
      if (dispatches > MOST_DISPATCHES)
        throw new Error(`${dispatches} dispatches; expected at most ${MOST_DISPATCHES}`);
    },
  },
];
