/** The passes in their order. Each is graph -> graph and keeps the meaning. */
import type { Graph } from "../graph/operation.ts";
import { mergeCommonSubexpressions } from "./common_subexpressions.ts";
import { foldConstants } from "./fold_constants.ts";
import { fuseElementwise } from "./fuse_elementwise.ts";
import { gatherIntoSweep } from "./gather_into_sweep.ts";
import { groupUpdates } from "./group_updates.ts";
import { joinSiblings } from "./join_siblings.ts";
import { fuseMatmulEpilogues } from "./matmul_epilogue.ts";
import { prefixViews } from "./prefix_views.ts";
import { projectThenGather } from "./project_then_gather.ts";
import { sharePadding } from "./share_padding.ts";

/** What the passes need to know of the device. */
export interface OptimizeOptions {
  readonly maxStorageBuffers: number;
}

/**
 * The rewrites that must come before autograd, so that the way back is shorter too: scatters land in a projected table,
 * padding is read once, and masked steps of a gathered input are not scattered.
 */
export function beforeDifferentiation(graph: Graph): Graph {
  return gatherIntoSweep(sharePadding(projectThenGather(graph)));
}

/** Makes a differentiated graph ready for planning: after it, only kernel, view and leaf operations are left. */
export function optimize(graph: Graph, { maxStorageBuffers }: OptimizeOptions): Graph {
  const projected = projectThenGather(graph);
  const merged = mergeCommonSubexpressions(foldConstants(projected));
  const shared = sharePadding(merged);
  const swept = gatherIntoSweep(shared);
  const fused = fuseMatmulEpilogues(swept);
  const joined = joinSiblings(fuseElementwise(fused, maxStorageBuffers - 1), maxStorageBuffers);
  return prefixViews(groupUpdates(joined));
}
