// Matmul, one output per invocation: the baseline, and the choice for small products, since it compiles ten times
// faster than the others. Put together with matmul_common.wgsl and matmul_out_scalar.wgsl.
//
// naive    8 x 8 outputs per workgroup
// combine  64 outputs per workgroup (folded grid): adds the partial products of a split K in a fixed order, then the
// epilogue

@compute @workgroup_size(8, 8)
fn naive(@builtin(workgroup_id) workgroup: vec3u, @builtin(local_invocation_id) local: vec3u) {
  let place = placeOf(workgroup.z + params.first_batch);
  let column = (workgroup.x + params.first_column) * 8u + local.x;
  let row = (workgroup.y + params.first_row) * 8u + local.y;
  if (row >= params.M || column >= params.N) {
    return;
  }
  var sum = 0.0;
  for (var k = place.k_begin; k < place.k_end; k++) {
    sum += elementA(place.a, row, k) * elementB(place.b, k, column);
  }
  if (HAS_BIAS && HAS_EPILOGUE) {
    sum += biasOf(column);
  }
  if (HAS_EPILOGUE) {
    sum = activate(ACTIVATION, sum);
  }
  out[place.out + row * params.N + column] = sum;
}

// a: [splits, batch, M, N] partial products; b is not read.
@compute @workgroup_size(64)
fn combine(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) count: vec3u,
  @builtin(local_invocation_id) local: vec3u,
) {
  let index = (workgroup.x + workgroup.y * count.x) * 64u + local.x;
  let size = params.batch * params.M * params.N;
  if (index >= size) {
    return;
  }
  var sum = 0.0;
  for (var split = 0u; split < params.splits; split++) {
    sum += scalarA(split * size + index);
  }
  if (HAS_BIAS) {
    sum += biasOf(index % params.N);
  }
  out[index] = activate(ACTIVATION, sum);
}
