/** What the bench's page and its worker say to each other. The worker owns the GPU. */
import type { DispatchTime } from "sluice";
import type { BenchJob, BenchJobEvent, BenchReport } from "sluice/bench";

export type ToBench =
  | { readonly kind: "measure"; readonly job: Omit<BenchJob, "runtime" | "versions"> }
  | { readonly kind: "profile" }
  | { readonly kind: "stop" };

export type FromBench =
  | { readonly kind: "event"; readonly event: BenchJobEvent }
  | { readonly kind: "done"; readonly report: BenchReport }
  | { readonly kind: "profiled"; readonly times: readonly DispatchTime[]; readonly adapter: string }
  | { readonly kind: "stopped" }
  | { readonly kind: "failed"; readonly message: string };
