/** Runs the bench: cases one after the other on one device, with an event for each result. */
import { AbortError, SluiceError } from "../core/errors.ts";
import {
  flag,
  functionLike,
  ifGiven,
  instanceOf,
  optionsOf,
  readOptions,
  readValue,
  recordOf,
  required,
  signal,
  type TableOf,
  text,
} from "../core/option_table.ts";
import type { Device } from "../runtime/device.ts";
import { deviceKind } from "../runtime/device_kind.ts";
import type { BenchCase, Prepared } from "./bench_case.ts";
import type { BenchPlace, BenchProblem, BenchReport, BenchResult } from "./bench_report.ts";
import {
  MEASURE,
  type Measurement,
  type MeasureOptions,
  measure,
  measureInTurns,
  NORMAL,
  ratioOf,
  stopIfAsked,
  TIMESTAMPS,
  WALL_CLOCK,
} from "./harness.ts";
import type { Peer } from "./peers/peer.ts";
import { measureRoofline, type Roofline, roofSeconds } from "./roofline.ts";

/** Options of a run. */
export interface BenchOptions {
  readonly cases: readonly BenchCase[];
  /** The libraries to compare with. */
  readonly peers?: readonly Peer[];
  /** Measure every variant of a kernel, not only the one that Sluice chooses. */
  readonly variants?: boolean;
  readonly measure?: MeasureOptions;
  /** The current runtime, for the report. */
  readonly runtime: BenchPlace["runtime"];
  readonly versions?: Readonly<Record<string, string>>;
}

/** The events of a run. */
export type BenchEvent =
  | { readonly kind: "start"; readonly place: BenchPlace; readonly cases: number }
  | { readonly kind: "roofline"; readonly roofline: Roofline }
  | { readonly kind: "case"; readonly name: string; readonly index: number }
  | { readonly kind: "result"; readonly result: BenchResult }
  | { readonly kind: "problem"; readonly problem: BenchProblem };

/** How to observe and stop a run. */
export interface BenchControl {
  /** Called with each event. */
  readonly onEvent: (event: BenchEvent) => void;
  readonly signal?: AbortSignal;
}

const runtime = recordOf("runBench: runtime", { name: required(text), version: required(text) });

const BENCH = {
  cases: required(instanceOf<readonly BenchCase[]>("a list of cases from selectCases()", Array)),
  peers: ifGiven(instanceOf<readonly Peer[]>("a list of peers", Array)),
  variants: ifGiven(flag),
  measure: ifGiven(optionsOf("runBench: measure", MEASURE)),
  runtime: required(runtime),
  versions: ifGiven(recordOf("runBench: versions", {})),
} satisfies TableOf<BenchOptions>;

const CONTROL = {
  onEvent: required(functionLike<BenchControl["onEvent"]>("(event) => …")),
  signal: ifGiven(signal),
} satisfies TableOf<BenchControl>;

/**
 * Measures the roofline, then every case. A case that fails (wrong result, or too large for the adapter) is reported as
 * a problem, and the others continue.
 * @throws AbortError when the signal aborts; DeviceLostError when the device is lost.
 */
export async function runBench(device: Device, options: BenchOptions, control: BenchControl): Promise<BenchReport> {
  readValue("runBench", "device", deviceKind, device);
  readOptions("runBench(device)", BENCH, options);
  readOptions("runBench(device, options)", CONTROL, control);
  return new BenchRun(device, options, control).run();
}

class BenchRun {
  readonly #device: Device;
  readonly #options: BenchOptions;
  readonly #control: BenchControl;
  readonly #measure: MeasureOptions;
  readonly #results: BenchResult[] = [];
  readonly #problems: BenchProblem[] = [];
  #roof: Roofline = { flops: 0, bytes: 0 };

  constructor(device: Device, options: BenchOptions, control: BenchControl) {
    this.#device = device;
    this.#options = options;
    this.#control = control;
    this.#measure = { ...(options.measure ?? NORMAL), ...(control.signal && { signal: control.signal }) };
  }

  async run(): Promise<BenchReport> {
    const { cases, runtime, versions = {} } = this.#options;
    const hasTimestamps = this.#device.gpu.features.has("timestamp-query");
    const place = { adapter: this.#device.adapter, runtime, clock: (hasTimestamps ? TIMESTAMPS : WALL_CLOCK).name };
    this.#control.onEvent({ kind: "start", place, cases: cases.length });
    this.#roof = await measureRoofline(this.#device, this.#measure);
    this.#control.onEvent({ kind: "roofline", roofline: this.#roof });
    for (const [index, benchCase] of cases.entries()) {
      stopIfAsked(this.#control);
      this.#control.onEvent({ kind: "case", name: benchCase.name, index });
      await this.#case(benchCase);
    }
    return {
      format: "sluice-bench",
      formatVersion: 1,
      place,
      versions: { ...versions, ...Object.fromEntries((this.#options.peers ?? []).map((p) => [p.name, p.version])) },
      roofline: this.#roof,
      results: this.#results,
      problems: this.#problems,
    };
  }

  async #case(benchCase: BenchCase): Promise<void> {
    const own = await this.#attempt(benchCase, "sluice", undefined, () => benchCase.prepare(this.#device));
    if (own === undefined) return;
    const { variants, chosen } = own;
    try {
      await this.#attempt(benchCase, "sluice", chosen, async () => {
        await own.check();
        await this.#tell(benchCase, own, await measure(own.subject, this.#measure), true);
      });
      for (const peer of this.#options.peers ?? []) await this.#peer(benchCase, own, peer);
    } finally {
      own.dispose();
    }
    if (this.#options.variants !== true) return;
    for (const variant of variants.filter((name) => name !== chosen)) await this.#variant(benchCase, variant);
  }

  async #variant(benchCase: BenchCase, variant: string): Promise<void> {
    await this.#attempt(benchCase, "sluice", variant, async () => {
      const prepared = await benchCase.prepare(this.#device, variant);
      try {
        await prepared.check();
        const measured = await measure(prepared.subject, this.#measure);
        await this.#tell(benchCase, { ...prepared, chosen: variant }, measured, false);
      } finally {
        prepared.dispose();
      }
    });
  }

  /** Measures Sluice and the peer in turns, both by wall clock. */
  async #peer(benchCase: BenchCase, own: Prepared, peer: Peer): Promise<void> {
    const { task, name, group, work } = benchCase;
    if (task === undefined) return;
    await this.#attempt(benchCase, peer.name, undefined, async () => {
      const theirs = await peer.prepare(task);
      if (theirs === undefined) return;
      try {
        const [ours, measurement] = await measureInTurns([own.wall, theirs.subject], this.#measure);
        if (ours === undefined || measurement === undefined) return;
        const ratio = ratioOf(measurement, ours);
        const result: BenchResult = {
          ...{ name, group, library: peer.name, isDefault: false, work, measurement, ratio },
          ...(theirs.prepareSeconds !== undefined && { compileSeconds: theirs.prepareSeconds }),
          ...(theirs.note !== undefined && { note: theirs.note }),
        };
        this.#results.push(result);
        this.#control.onEvent({ kind: "result", result });
      } finally {
        theirs.dispose();
      }
    });
  }

  async #tell(benchCase: BenchCase, prepared: Prepared, measurement: Measurement, isDefault: boolean): Promise<void> {
    const { name, group, work } = benchCase;
    const { compileSeconds, dispatches, extraChunks, chosen } = prepared;
    const longestDispatch = await prepared.longestDispatch?.();
    const best = roofSeconds(work, this.#roof);
    const result: BenchResult = {
      ...{ name, group, library: "sluice", isDefault, work, measurement, compileSeconds },
      ...(dispatches !== undefined && { dispatches }),
      ...(extraChunks !== undefined && { extraChunks }),
      ...(longestDispatch !== undefined && { longestDispatch }),
      ...(chosen !== undefined && { variant: chosen }),
      ...(best > 0 && measurement.median > 0 && { roofShare: best / measurement.median }),
    };
    this.#results.push(result);
    this.#control.onEvent({ kind: "result", result });
  }

  /** Runs `work`, and reports an error as a problem of the case. */
  async #attempt<T>(
    { name, group }: BenchCase,
    library: string,
    variant: string | undefined,
    work: () => Promise<T>,
  ): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof AbortError || this.#control.signal?.aborted) throw error;
      // Continue only if the device still works.
      this.#device.assertUsable();
      const message = error instanceof Error ? error.message : String(error);
      const problem = { name, group, library, ...(variant !== undefined && { variant }), message };
      this.#problems.push(problem);
      this.#control.onEvent({ kind: "problem", problem });
      if (!(error instanceof SluiceError) && library === "sluice") throw error;
      return undefined;
    }
  }
}
