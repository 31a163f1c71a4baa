// Softmax, or its logarithm (LOG), over the last axis: out = exp(x - max) / sum(exp(x - max)).
//
// @binding(1) x   : f32[rows, size] (read)
// @binding(2) out : f32[rows, size] (read_write)
//
// Entry points: `lanes`, a workgroup of LANES per row, for long rows; `serial`, an invocation per row, for short ones.
// Workgroups: rows (lanes) or rows / LANES (serial), folded over x and y. Numerics: the row's maximum is subtracted
// first, so that large logits stay finite; float32 sums in a fixed order.

const LANES = 64u;
const LOG = false;

struct Params {
  rows: u32,
  size: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> x: array<f32>;
@group(0) @binding(2) var<storage, read_write> out: array<f32>;

var<workgroup> shared_values: array<f32, LANES>;

// exp(-104) is already 0 in float32: the clamp keeps infinities out of exp.
fn decay(difference: f32) -> f32 {
  return exp(max(difference, -104.0));
}

fn normalized(value: f32, largest: f32, sum: f32) -> f32 {
  if (LOG) {
    return value - largest - log(sum);
  }
  return decay(value - largest) / sum;
}

@compute @workgroup_size(LANES)
fn serial(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let row = (workgroup.x + workgroup.y * count.x) * LANES + local.x;
  if (row >= params.rows) {
    return;
  }
  let base = row * params.size;
  var largest = x[base];
  for (var i = 1u; i < params.size; i++) {
    largest = max(largest, x[base + i]);
  }
  var sum = 0.0;
  for (var i = 0u; i < params.size; i++) {
    sum += decay(x[base + i] - largest);
  }
  for (var i = 0u; i < params.size; i++) {
    out[base + i] = normalized(x[base + i], largest, sum);
  }
}

@compute @workgroup_size(LANES)
fn lanes(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  // Rows past the end (of a folded grid) repeat the last one up to the stores: barriers need every invocation.
  let row = workgroup.x + workgroup.y * count.x;
  let base = min(row, params.rows - 1u) * params.size;
  let lane = local.x;
  var largest = x[base];
  for (var i = lane; i < params.size; i += LANES) {
    largest = max(largest, x[base + i]);
  }
  shared_values[lane] = largest;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      shared_values[lane] = max(shared_values[lane], shared_values[lane + half]);
    }
  }
  workgroupBarrier();
  largest = shared_values[0];
  workgroupBarrier();
  var sum = 0.0;
  for (var i = lane; i < params.size; i += LANES) {
    sum += decay(x[base + i] - largest);
  }
  shared_values[lane] = sum;
  for (var half = LANES / 2u; half > 0u; half /= 2u) {
    workgroupBarrier();
    if (lane < half) {
      shared_values[lane] += shared_values[lane + half];
    }
  }
  workgroupBarrier();
  sum = shared_values[0];
  if (row < params.rows) {
    for (var i = lane; i < params.size; i += LANES) {
      out[base + i] = normalized(x[base + i], largest, sum);
    }
  }
}
