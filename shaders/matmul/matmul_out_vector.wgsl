// Storing results of a matmul as vec4s: rows are whole vec4s. Put together with matmul_common.wgsl.

@group(0) @binding(3) var<storage, read_write> out: array<vec4f>;

// Stores four columns of a row, where they are inside the output.
fn store(base: u32, row: u32, column: u32, value: vec4f) {
  if (row < params.M && column < params.N) {
    out[(base + row * params.N + column) / 4u] = value;
  }
}
