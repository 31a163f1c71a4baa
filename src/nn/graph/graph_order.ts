/**
 * The order of a functional model's layers, which is the order of its weights: Keras's own (keras/src/ops/function.py,
 * map_graph).
 */

/** The parts of a layer call that determine the order. */
export interface OrderedNode<L> {
  readonly layer: L;
  readonly reads: readonly { readonly node: OrderedNode<L> }[];
}

/** Calls and layers, inputs first. */
export interface GraphOrder<N, L> {
  /** Calls in topological order. */
  readonly nodes: readonly N[];
  /** Each layer once. */
  readonly layers: readonly L[];
}

/** Orders calls by depth, those furthest from an output first; within a depth, in traversal order from the outputs. */
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

/** Returns all calls in topological order, and the layers in traversal order. */
function visit<L>(outputs: readonly { readonly node: OrderedNode<L> }[]): {
  readonly nodes: readonly OrderedNode<L>[];
  readonly met: ReadonlySet<L>;
} {
  const done = new Set<OrderedNode<L>>();
  const met = new Set<L>();
  // An explicit stack instead of recursion: a model may be deeper than the call stack.
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
