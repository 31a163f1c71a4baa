// What an adapter can do at most: multiply-adds in registers, and copying memory.
//
//   multiply_add   each invocation runs CHAINS independent chains of v = v * a + b on vec4s, STEPS of them in a row
//   copy           y[i] = x[i], vec4 by vec4
//   sum_all        each invocation adds up vec4s of x as far apart as there are invocations: what it costs to read x,
//   as good as alone
//
// @binding(1) x : vec4f (read); multiply_add reads none
// @binding(2) y : vec4f (read_write); multiply_add and sum_all write one vec4 per invocation, so that nothing can be
// left out
//
// Workgroups: WORKGROUP invocations each; folded, id = wid.x + wid.y * num_workgroups.x.
// Numerics: |a| < 1, so the chains stay near b / (1 - a); neither is known to the compiler.

const WORKGROUP = 64;
const CHAINS = 8u; // enough chains to hide an instruction's latency
const STEPS = 1024u;

struct Params {
  count : u32, // vec4s to copy
  a : f32,
  b : f32,
}

@group(0) @binding(0) var<uniform> params : Params;
@group(0) @binding(1) var<storage, read> x : array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y : array<vec4f>;

@compute @workgroup_size(WORKGROUP)
fn multiply_add(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  let a = vec4f(params.a);
  let b = vec4f(params.b);
  var chain: array<vec4f, CHAINS>;
  // @unroll
  for (var c = 0u; c < CHAINS; c++) {
    chain[c] = vec4f(f32(index + c));
  }
  for (var step = 0u; step < STEPS; step++) {
    // @unroll
    for (var c = 0u; c < CHAINS; c++) {
      chain[c] = chain[c] * a + b;
    }
  }
  var sum = vec4f();
  // @unroll
  for (var c = 0u; c < CHAINS; c++) {
    sum += chain[c];
  }
  y[index] = sum;
}

@compute @workgroup_size(WORKGROUP)
fn copy(
  @builtin(workgroup_id) workgroup : vec3u,
  @builtin(num_workgroups) grid : vec3u,
  @builtin(local_invocation_index) local : u32,
) {
  let index = (workgroup.x + workgroup.y * grid.x) * WORKGROUP + local;
  if (index >= params.count) {
    return;
  }
  y[index] = x[index];
}

@compute @workgroup_size(WORKGROUP)
fn sum_all(@builtin(global_invocation_id) id : vec3u, @builtin(num_workgroups) grid : vec3u) {
  var sum = vec4f();
  for (var i = id.x; i < params.count; i += grid.x * u32(WORKGROUP)) {
    sum += x[i];
  }
  y[id.x] = sum;
}
