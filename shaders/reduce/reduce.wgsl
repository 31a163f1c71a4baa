// Sum, maximum or position of the maximum over the middle axis: [outer, size, inner] -> [outer, inner].
//
// @binding(1) x   : Element[outer, size, inner] (read)
// @binding(2) out : Result[outer, segments, inner] (read_write)
//
// The middle axis is cut into `segments` runs of `segment_size`; with more than one, out is scratch that a second
// dispatch reduces. Entry points: `lanes`, a workgroup of LANES per run, for inner = 1; `serial`, an invocation per
// run. Several small tensors of one shape may share a dispatch: x and out are then there once for each.
// Workgroups: outer · segments (lanes) or outer · segments · inner / LANES (serial), folded over x and y.
// Numerics: sums add blocks of BLOCK, then the blocks, then lanes by a tree: the error grows far slower than that of
// one running sum. The order is fixed. The first position wins a tie. An empty run sums to 0.

const LANES = 64u;
const BLOCK = 64u;
const KIND = 0u; // 0 sum, 1 max, 2 argmax
alias Element = f32; // or i32
alias Result = f32; // Element; i32 for argmax

struct Params {
  outer: u32,
  size: u32,
  inner: u32,
  segments: u32,
  segment_size: u32,
}

// What is known of some of a run's elements.
struct Partial {
  value: Element,
  position: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<Element>; // @each
@group(0) @binding(2) var<storage, read_write> out: array<Result>; // @each

var<workgroup> values: array<Element, LANES>;
var<workgroup> positions: array<u32, LANES>;

fn merge(a: Partial, b: Partial) -> Partial {
  if (KIND == 0u) {
    return Partial(a.value + b.value, 0u);
  }
  if (b.value > a.value || (b.value == a.value && b.position < a.position)) {
    return b;
  }
  return a;
}

// Reduces x[base + k · inner] for k = begin + offset, stepping by `step`, below `end`.
fn reduce(base: u32, begin: u32, end: u32, offset: u32, step: u32) -> Partial {
  var total = Partial(Element(0), begin);
  if (KIND != 0u) {
    total.value = x[base + begin * params.inner];
  }
  var k = begin + offset;
  while (k < end) {
    if (KIND == 0u) {
      var block = Element(0);
      for (var i = 0u; i < BLOCK && k < end; i++) {
        block += x[base + k * params.inner];
        k += step;
      }
      total.value += block;
    } else {
      total = merge(total, Partial(x[base + k * params.inner], k));
      k += step;
    }
  }
  return total;
}

fn resultOf(total: Partial) -> Result {
  if (KIND == 2u) {
    return Result(total.position);
  }
  return Result(total.value);
}

@compute @workgroup_size(LANES)
fn serial(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * LANES + local.x;
  if (index >= params.outer * params.segments * params.inner) {
    return;
  }
  let run = index / params.inner;
  let base = run / params.segments * params.size * params.inner + index % params.inner;
  let begin = run % params.segments * params.segment_size;
  let end = min(begin + params.segment_size, params.size);
  out[index] = resultOf(reduce(base, begin, end, 0u, 1u));
}

@compute @workgroup_size(LANES)
fn lanes(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  // Runs past the end (of a folded grid) repeat the last one up to the store: barriers need every invocation.
  let run = workgroup.x + workgroup.y * count.x;
  let runs = params.outer * params.segments;
  let inside = min(run, runs - 1u);
  let base = inside / params.segments * params.size;
  let begin = inside % params.segments * params.segment_size;
  let end = min(begin + params.segment_size, params.size);
  let lane = local.x;
  let own = reduce(base, begin, end, lane, LANES);
  values[lane] = own.value;
  positions[lane] = own.position;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      let both = merge(
        Partial(values[lane], positions[lane]),
        Partial(values[lane + half], positions[lane + half]),
      );
      values[lane] = both.value;
      positions[lane] = both.position;
    }
  }
  if (lane == 0u && run < runs) {
    out[run] = resultOf(Partial(values[0], positions[0]));
  }
  // Where one dispatch takes several tensors, the next one's values come into the same memory.
  workgroupBarrier();
}
