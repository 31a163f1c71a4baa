/**
 * The training loop's state as plain data: what each outcome makes of it, and that no order of outcomes breaks a run.
 */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { untrainedState } from "../../src/nn/training/fit_plan.ts";
import { advance, initialRunState, nextAction, type Outcome, type RunState } from "../../src/nn/training/run_state.ts";
import type { TrainingState } from "../../src/nn/training/training_state.ts";

const start: TrainingState = { ...untrainedState(0), epochs: 2, batchSize: 4, size: 12 };
const stateAfter = (...outcomes: readonly Outcome[]) => outcomes.reduce(advance, initialRunState(start));
const step = (isLast = false): readonly Outcome[] => [{ kind: "stepBegun" }, { kind: "stepTaken", isLast }];
const read = (sums: readonly number[], status = 0): Outcome => ({ kind: "sumsRead", reading: { sums, status } });

describe("advance", () => {
  test("counts steps of the epoch and of the model's life, and those that were not read", () => {
    const state = stateAfter({ kind: "epochBegun" }, ...step(), ...step());
    expect(state.training).toMatchObject({ epoch: 0, batch: 2, iteration: 2, sums: [] });
    expect(state.unreadSteps).toBe(2);
    expect(advance(state, read([5]))).toMatchObject({ unreadSteps: 0, training: { batch: 2, sums: [5] } });
  });

  test("an epoch's end clears what is the epoch's, and keeps its record", () => {
    const ended = stateAfter({ kind: "epochBegun" }, ...step(true), read([5]), {
      kind: "epochEnded",
      logs: { loss: 5 },
      seconds: 2,
    });
    expect(ended.training).toMatchObject({ epoch: 1, batch: 0, iteration: 1, sums: [] });
    expect(ended.training.records).toEqual([{ epoch: 1, logs: { loss: 5 }, seconds: 2 }]);
    const completed = advance(ended, { kind: "logsCompleted", logs: { loss: 5, rate: 1 } });
    expect(completed.training.records).toEqual([{ epoch: 1, logs: { loss: 5, rate: 1 }, seconds: 2 }]);
  });

  test.each([
    [1, 0],
    [2, 1],
    [3, 2],
  ])("with step %i not finite the run stands before that step", (status, done) => {
    const state = stateAfter({ kind: "epochBegun" }, ...step(), ...step(), ...step(true), read([7], status));
    expect(state).toMatchObject({ phase: "betweenSteps", unreadSteps: 0 });
    expect(state.training).toMatchObject({ batch: done, iteration: done, sums: [7] });
  });

  test("changes nothing of the state that it is given", () => {
    const state = Object.freeze({ ...initialRunState(Object.freeze({ ...start, records: Object.freeze([]) })) });
    expect(() => advance(state, { kind: "epochEnded", logs: {}, seconds: 0 })).not.toThrow();
    expect(state).toEqual(initialRunState(start));
  });
});

describe("nextAction", () => {
  const stop: Outcome = { kind: "stopRequested" };

  test("ends the run after the last epoch", () => {
    expect(nextAction(initialRunState({ ...start, epochs: 0 }))).toBe("endRun");
    expect(nextAction(initialRunState(start))).toBe("beginEpoch");
  });

  test("a request to stop ends the epoch after the step at hand, or the run between epochs", () => {
    expect(nextAction(stateAfter(stop))).toBe("endRun");
    expect(nextAction(stateAfter({ kind: "epochBegun" }, stop))).toBe("step");
    expect(nextAction(stateAfter({ kind: "epochBegun" }, stop, ...step()))).toBe("endEpoch");
    expect(nextAction(stateAfter({ kind: "epochBegun" }, ...step(), stop))).toBe("endEpoch");
    expect(nextAction(stateAfter({ kind: "epochBegun" }, ...step(), { kind: "stepBegun" }, stop))).toBe("step");
    expect(nextAction(stateAfter({ kind: "epochBegun" }, ...step(true), stop))).toBe("endEpoch");
  });

  test("an epoch whose last step was kept ends after a loss of the device, though a callback had asked to stop", () => {
    const kept = stateAfter({ kind: "epochBegun" }, ...step(true), read([1]), stop);
    expect(nextAction(advance(kept, { kind: "wentBack", to: kept }))).toBe("endEpoch");
  });

  test("goes on within a checkpoint's epoch", () => {
    const state = initialRunState({ ...start, batch: 2, iteration: 2, sums: [3] });
    expect(nextAction(state)).toBe("beginEpoch");
    expect(advance(state, { kind: "epochBegun" }).training).toEqual(state.training);
  });
});

/** Where something may happen to a run. */
const MOMENTS = ["beginEpoch", "batchBegin", "taken", "batchEnd", "kept", "validation", "epochEnd", "settled"] as const;
type Moment = (typeof MOMENTS)[number];
type Incident = "nothing" | "loss" | "abort";

/** What a GPU would hold: the steps that trained it, in their order, and the epoch's running sum. */
interface Gpu {
  readonly trainedBy: readonly string[];
  readonly sum: number;
  readonly status: number;
}

interface Scenario {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** What happens at one moment after the other; nothing once they are used up. */
  readonly incidents: readonly Incident[];
  /** Whether steps, one after the other, are kept as snapshots or read. */
  readonly modes: readonly ("snapshot" | "read" | "submit")[];
  /** A callback asks to stop, but once, at this moment of the step of the model's life that follows so many. */
  readonly stop?: { readonly moment: Moment; readonly iteration: number };
  /** The number of the step that is not finite. */
  readonly badStep?: number;
}

class Loss extends Error {}
class Abort extends Error {}
class NonFinite extends Error {}

/** Runs the loop as `TrainingRun` does, on a GPU of plain data; resumes after an abort, goes back after a loss. */
function simulate({ epochs, stepsPerEpoch, incidents, modes, stop, badStep }: Scenario) {
  let gpu: Gpu = { trainedBy: [], sum: 0, status: 0 };
  let state = initialRunState({ ...start, epochs });
  let snapshot: { readonly gpu: Gpu; readonly state: RunState } = { gpu, state };
  const left = { incidents: [...incidents], modes: [...modes], isStopping: stop === undefined };
  const tell = (outcome: Outcome) => {
    state = advance(state, outcome);
    expectSound(state, stepsPerEpoch);
  };
  const at = (moment: Moment) => {
    if (!left.isStopping && stop?.moment === moment && state.training.iteration === stop.iteration) {
      left.isStopping = true;
      tell({ kind: "stopRequested" });
    }
    const incident = left.incidents.shift() ?? "nothing";
    if (incident === "loss") throw new Loss();
    // An epoch that has begun takes a step at least; and what callbacks have not yet added to logs would be missing.
    const isWhole = moment === "batchBegin" ? state.training.batch > 0 : moment !== "epochEnd";
    if (incident === "abort" && isWhole) throw new Abort();
  };
  const reading = () => ({ sums: [gpu.sum], status: gpu.status });
  const readSums = () => {
    if (state.unreadSteps > 0) tell({ kind: "sumsRead", reading: reading() });
    if (gpu.status !== 0) throw new NonFinite();
  };
  const keep = () => {
    snapshot = { gpu, state };
  };
  const actions = {
    beginEpoch: () => {
      tell({ kind: "epochBegun" });
      at("beginEpoch");
    },
    step: () => {
      const { epoch, batch, iteration } = state.training;
      tell({ kind: "stepBegun" });
      // Where an epoch was aborted after its last step.
      if (batch === stepsPerEpoch) return tell({ kind: "stepsExhausted" });
      at("batchBegin");
      const isLast = batch + 1 === stepsPerEpoch;
      const mode = isLast ? "snapshot" : (left.modes.shift() ?? "submit");
      const status = gpu.status || (iteration + 1 === badStep ? badStep : 0);
      const step = `step ${iteration}: epoch ${epoch}, batch ${batch}`;
      if (status === 0) gpu = { trainedBy: [...gpu.trainedBy, step], sum: gpu.sum + iteration + 1, status };
      else gpu = { ...gpu, status };
      tell({ kind: "stepTaken", isLast, reading: mode === "submit" ? undefined : reading() });
      at("taken");
      if (mode !== "submit" && status !== 0) throw new NonFinite();
      at("batchEnd");
      if (mode === "snapshot") keep();
      at("kept");
    },
    endEpoch: () => {
      readSums();
      const logs = { loss: state.training.sums[0] ?? 0 };
      at("validation");
      tell({ kind: "epochEnded", logs, seconds: 0 });
      gpu = { ...gpu, sum: 0 };
      at("epochEnd");
      tell({ kind: "logsCompleted", logs: { ...logs, added: 1 } });
      at("settled");
      keep();
    },
  };
  for (;;) {
    const action = nextAction(state);
    if (action === "endRun") return { training: state.training, gpu, isNonFinite: false };
    try {
      actions[action]();
    } catch (error) {
      if (error instanceof Loss) {
        gpu = snapshot.gpu;
        tell({ kind: "wentBack", to: snapshot.state });
        // The sums are written anew.
        gpu = { ...gpu, sum: state.training.sums[0] ?? 0 };
      } else if (error instanceof Abort) {
        if (state.unreadSteps > 0) tell({ kind: "sumsRead", reading: reading() });
        // A checkpoint, and a run that resumes it.
        state = initialRunState(state.training);
        gpu = { ...gpu, sum: state.training.sums[0] ?? 0 };
        keep();
      } else if (error instanceof NonFinite) {
        return { training: state.training, gpu, isNonFinite: true };
      } else throw error;
    }
  }
}

/** What holds of every state of a run that starts with a fresh model. */
function expectSound({ training, unreadSteps }: RunState, stepsPerEpoch: number): void {
  const { epoch, batch, iteration, records } = training;
  const isSound =
    batch >= 0 &&
    batch <= stepsPerEpoch &&
    unreadSteps <= batch &&
    iteration <= epoch * stepsPerEpoch + batch &&
    records.length === epoch &&
    records.every((record, index) => record.epoch === index + 1);
  if (!isSound) throw new Error(`${JSON.stringify(training)}, ${unreadSteps} steps not read, is no state of a run`);
}

const shape = { epochs: fc.integer({ min: 1, max: 3 }), stepsPerEpoch: fc.integer({ min: 1, max: 4 }) };
const modes = fc.array(fc.constantFrom("snapshot", "read", "submit"), { maxLength: 12 });
const incidents = (...some: readonly Incident[]) =>
  fc.array(fc.oneof({ weight: 4, arbitrary: fc.constant<Incident>("nothing") }, fc.constantFrom(...some)), {
    maxLength: 40,
  });

/** Tries `check` on random scenarios. */
function everyScenario(arbitrary: fc.Arbitrary<Scenario>, check: (scenario: Scenario) => void): void {
  fc.assert(fc.property(arbitrary, check), { numRuns: 2000 });
}

describe("whatever happens to a run", () => {
  test("no step is left out or counts twice: it ends as one to which nothing happened", () => {
    everyScenario(fc.record({ ...shape, modes, incidents: incidents("loss", "abort") }), (scenario) => {
      const end = simulate(scenario);
      expect(end).toEqual(simulate({ ...scenario, incidents: [], modes: [] }));
      expect(end.training.iteration).toBe(scenario.epochs * scenario.stepsPerEpoch);
      expect(end.gpu.trainedBy).toHaveLength(end.training.iteration);
    });
  });

  test("a callback that stopped it once stops it at that step, however often the device is lost", () => {
    const stop = fc.record({ moment: fc.constantFrom(...MOMENTS), iteration: fc.integer({ min: 0, max: 8 }) });
    everyScenario(fc.record({ ...shape, modes, stop, incidents: incidents("loss") }), (scenario) => {
      expect(simulate(scenario)).toEqual(simulate({ ...scenario, incidents: [], modes: [] }));
    });
  });

  test("a step that is not finite leaves the run before it, whichever reading tells of it", () => {
    const badStep = fc.integer({ min: 1, max: 6 });
    everyScenario(fc.record({ ...shape, modes, badStep, incidents: incidents("loss") }), (scenario) => {
      const { epochs, stepsPerEpoch, badStep: bad = 0 } = scenario;
      const { training, gpu, isNonFinite } = simulate(scenario);
      expect(isNonFinite).toBe(bad <= epochs * stepsPerEpoch);
      if (!isNonFinite) return;
      expect(training.iteration).toBe(bad - 1);
      expect(training.epoch * stepsPerEpoch + training.batch).toBe(bad - 1);
      expect(gpu.trainedBy).toHaveLength(bad - 1);
      expect(training.sums).toEqual([gpu.sum]);
    });
  });
});
