/**
 * Measures times: warm-up, batches long enough for the clock, and samples until the time or the number of samples is
 * used up. Several subjects are measured in turns, so that changes on the machine affect all of them.
 */
import { AbortError } from "../core/errors.ts";
import {
  ifGiven,
  listOf,
  nonNegative,
  positive,
  readOptions,
  readValue,
  required,
  resolvedBy,
  signal,
  type TableOf,
} from "../core/option_table.ts";
import { type Summary, summarize } from "./statistics.ts";

/** Something that can be run and timed. */
export interface Subject {
  /** The clock that it is timed with. */
  readonly clock: Clock;
  /** Runs `runs` times and returns the total seconds. */
  time(runs: number): Promise<number>;
}

/** A clock, and the shortest time that it measures well. */
export interface Clock {
  readonly name: "GPU timestamps" | "wall clock";
  /** The shortest time that the clock can measure well, given its resolution and overhead. */
  readonly shortest: number;
}

/** WebGPU may round timestamps to 100 µs; 20 ms keep that error below 1%. */
export const TIMESTAMPS: Clock = { name: "GPU timestamps", shortest: 0.02 };
/** A submit and the notification of its completion add up to a millisecond to the work. */
export const WALL_CLOCK: Clock = { name: "wall clock", shortest: 0.05 };

/** Options of a measurement. */
export interface MeasureOptions {
  /** The seconds to spend on samples of each subject; `minSamples` may need more. */
  readonly seconds: number;
  readonly minSamples: number;
  readonly maxSamples: number;
  /** Seconds after which a subject gets no further sample, even if `minSamples` is not reached. */
  readonly patience: number;
  /** Stops the measurement between two samples. */
  readonly signal?: AbortSignal | undefined;
}

/** The table of the options. */
export const MEASURE = {
  seconds: required(nonNegative),
  minSamples: required(positive),
  maxSamples: required(positive),
  patience: required(nonNegative),
  signal: ifGiven(signal),
} satisfies TableOf<MeasureOptions>;

const subjectKind = resolvedBy("a subject: { clock, time(runs) }", (given: Subject) =>
  typeof given?.time === "function" && typeof given.clock?.shortest === "number" ? given : undefined,
);

/** Measures a case in about two seconds; six samples are the fewest that give a 95% interval. */
export const NORMAL: MeasureOptions = { seconds: 1.5, minSamples: 9, maxSamples: 60, patience: 30 };
/** Measures a case quickly, for a first impression. */
export const QUICK: MeasureOptions = { seconds: 0.4, minSamples: 6, maxSamples: 20, patience: 8 };

/** The measurement of a subject. */
export interface Measurement extends Summary {
  readonly clock: Clock["name"];
  /** The runs in one sample; a sample's time is divided by it. */
  readonly runsPerSample: number;
  /** The seconds of the first run, which compiles pipelines and fills caches. */
  readonly firstRun: number;
  /** Every sample, in the order in which they were taken: seconds of one run. */
  readonly times: readonly number[];
}

/** A subject's state while it is measured. */
interface Lane {
  readonly subject: Subject;
  readonly firstRun: number;
  readonly runs: number;
  readonly times: number[];
  spent: number;
}

/** @throws AbortError when the signal has aborted. */
export function stopIfAsked({ signal }: Pick<MeasureOptions, "signal">): void {
  if (signal?.aborted) throw new AbortError("the measurement was aborted", {}, { cause: signal.reason });
}

/** Measures one subject. @throws AbortError when the signal aborts. */
export async function measure(subject: Subject, options: MeasureOptions = NORMAL): Promise<Measurement> {
  readOptions("measure(subject)", MEASURE, options);
  readValue("measure", "subject", subjectKind, subject);
  const [measurement] = await measureInTurns([subject], options);
  return measurement as Measurement;
}

/**
 * Measures several subjects, one sample of each in turn (A B C A B C …). Sample n of one subject is comparable with
 * sample n of the others.
 * @throws AbortError when the signal aborts.
 */
export async function measureInTurns(
  subjects: readonly Subject[],
  options: MeasureOptions = NORMAL,
): Promise<Measurement[]> {
  readOptions("measureInTurns(subjects)", MEASURE, options);
  readValue("measureInTurns", "subjects", listOf(subjectKind), subjects);
  const lanes: Lane[] = [];
  for (const each of subjects) {
    stopIfAsked(options);
    lanes.push(await warmUp(each, options));
  }
  while (lanes.some((lane) => wantsMore(lane, options))) {
    for (const lane of lanes) {
      stopIfAsked(options);
      if (lane.spent > options.patience && lane.times.length > 0) continue;
      const seconds = await lane.subject.time(lane.runs);
      lane.spent += seconds;
      lane.times.push(seconds / lane.runs);
    }
  }
  return lanes.map(({ subject, firstRun, runs, times }) => ({
    ...summarize(times),
    clock: subject.clock.name,
    runsPerSample: runs,
    firstRun,
    times,
  }));
}

function wantsMore({ times, spent }: Lane, { seconds, minSamples, maxSamples, patience }: MeasureOptions): boolean {
  if (times.length >= maxSamples || spent > patience) return times.length === 0;
  return times.length < minSamples || spent < seconds;
}

/**
 * Runs until a batch is long enough for the clock. The first run is recorded separately; none of these runs is a
 * sample.
 */
async function warmUp(subject: Subject, { patience }: MeasureOptions): Promise<Lane> {
  const { shortest } = subject.clock;
  const firstRun = await subject.time(1);
  let runs = 1;
  let spent = firstRun;
  let seconds = spent < patience ? await subject.time(runs) : firstRun;
  spent += seconds;
  while (seconds < shortest && runs < MOST_RUNS && spent < patience) {
    // A time of 0 means that the batch is too short for the clock: try ten times as many runs.
    const wanted = seconds > 0 ? Math.ceil((runs * shortest * HEADROOM) / seconds) : runs * GROWTH;
    runs = Math.min(MOST_RUNS, Math.max(runs + 1, Math.min(wanted, runs * GROWTH)));
    seconds = await subject.time(runs);
    spent += seconds;
  }
  return { subject, firstRun, runs, times: [], spent: 0 };
}

const MOST_RUNS = 2000;
const GROWTH = 10;
const HEADROOM = 1.2;

/** The ratio of two subjects that were measured in turns. */
export interface Ratio {
  /** The time of `slow` divided by the time of `fast`: the median over the pairs, and its confidence interval. */
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly isNoisy: boolean;
}

/** How many times as long `slow` takes as `fast`, pair by pair: slowdowns of the machine affect both and cancel out. */
export function ratioOf(slow: Measurement, fast: Measurement): Ratio {
  const pairs = Math.min(slow.times.length, fast.times.length);
  const ratios = Array.from({ length: pairs }, (_, i) => (slow.times[i] as number) / (fast.times[i] as number));
  const { median, low, high, isNoisy } = summarize(ratios);
  return { median, low, high, isNoisy };
}
