// Storing results of a matmul one by one: rows of any length. Put together with matmul_common.wgsl.

@group(0) @binding(3) var<storage, read_write> out: array<f32>;

// Stores four columns of a row, where they are inside the output.
fn store(base: u32, row: u32, column: u32, value: vec4f) {
  let index = base + row * params.N + column;
  if (row < params.M) {
    if (column < params.N) {
      out[index] = value.x;
    }
    if (column + 1u < params.N) {
      out[index + 1u] = value.y;
    }
    if (column + 2u < params.N) {
      out[index + 2u] = value.z;
    }
    if (column + 3u < params.N) {
      out[index + 3u] = value.w;
    }
  }
}
