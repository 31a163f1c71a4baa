/**
 * The order of a functional model's layers, which is the order of its weights: Keras's own (keras/src/ops/function.py,
 * map_graph).
 */

/** A call of a layer, as far as the order goes. */
export interface OrderedNode<L> {
  readonly layer: L;
  readonly reads: readonly { readonly node: OrderedNode<L> }[];
}

/** Calls and layers, inputs first. */
export interface GraphOrder<N, L> {
  /** Each call after those that it reads. */
  readonly nodes: readonly N[];
  /** Each layer once. */
  readonly layers: readonly L[];
}

/**
 * By depth, the most calls away from an output first; within a depth as they are met on the way up from the outputs.
 */
export function orderOf<L, N extends OrderedNode<L>>(
  outputs: readonly { readonly node: N & OrderedNode<L> }[],
): GraphOrder<N, L> {
  const { nodes, met } = visit<L>(outputs);
  const nodeDepths = new Map<OrderedNode<L>, number>();
  const layerDepths = new Map<L, number>();
  for (const node of [...nodes].reverse()) {
    const depth = Math.max(nodeDepths.get(node) ?? 0, layerDepths.get(node.layer) ?? 0);
    nodeDepths.set(node, depth);
    layerDepths.set(node.layer, depth);
    for (const { node: read } of node.reads) {
      nodeDepths.set(read, Math.max(depth + 1, nodeDepths.get(read) ?? 0));
    }
  }
  return {
    nodes: [...nodes].sort(byDepth(nodeDepths)) as unknown as readonly N[],
    layers: [...met].sort(byDepth(layerDepths)),
  };
}

function byDepth<K>(depths: ReadonlyMap<K, number>): (a: K, b: K) => number {
  return (a, b) => (depths.get(b) as number) - (depths.get(a) as number);
}

/** All calls in an order where each follows what it reads, and the layers as they are met. */
function visit<L>(outputs: readonly { readonly node: OrderedNode<L> }[]): {
  readonly nodes: readonly OrderedNode<L>[];
  readonly met: ReadonlySet<L>;
} {
  const done = new Set<OrderedNode<L>>();
  const met = new Set<L>();
  // A list of its own instead of recursion: a model may be deeper than the stack.
  const stack: { readonly node: OrderedNode<L>; next: number }[] = [];
  const enter = (node: OrderedNode<L>): void => {
    if (done.has(node)) return;
    met.add(node.layer);
    stack.push({ node, next: 0 });
  };
  for (const { node } of outputs) {
    enter(node);
    for (let top = stack.at(-1); top !== undefined; top = stack.at(-1)) {
      const read = top.node.reads[top.next++];
      if (read !== undefined) enter(read.node);
      else {
        done.add(top.node);
        stack.pop();
      }
    }
  }
  return { nodes: [...done], met };
}
