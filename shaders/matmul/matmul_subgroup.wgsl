// Matmul where a workgroup is one subgroup that owns ROWS x 4·COLUMNS·SUBGROUP outputs. For software adapters.
// Put together with matmul_common.wgsl and one of matmul_out_*.wgsl.
//
// On a software adapter a load is the dear thing, not a multiply-add. Lavapipe (Mesa 25.0) and SwiftShader (Subzero)
// compile each one, uniform address or not, into a branch, a bounds check and an insert for every lane: some 9
// instructions for each float, where 8 (4) lanes' multiply-add takes 2. So no float is loaded twice: an invocation
// loads other columns of B, and other rows of A, than its neighbours, and rows pass from lane to lane by
// subgroupBroadcast.
// The rest follows from their machine code:
//   - vec4 loads share one branch for each lane;
//   - four k of one sum in a row: a sum that does not fit a register (most) is read and written once in four steps, and
//     blended with the loop's execution mask once;
//   - no fused multiply-add: fma() becomes a multiply and an add on both;
//   - the bias is loaded once, and rows are stored by a loop over STORED rows at a time: what is unrolled and loads or
//     stores costs compile time (0.07 s for each vec4 on lavapipe).
// 32 rows, 1 vec4 (lavapipe) and 32 rows, 2 vec4s (SwiftShader) were best; twice as many sums spill too much.

enable subgroups;

const SUBGROUP = 8u; // invocations of a subgroup: 4, 8 or 16
const ROWS = 32u; // rows of a subgroup: a multiple of STORED
const ROW_GROUPS = 4u; // ROWS / SUBGROUP, rounded up
const COLUMNS = 1u; // vec4s of columns of an invocation
const STORED = 4u; // rows stored per pass of the last loop
const PRODUCT_SIZE = ROWS * COLUMNS;
const COLUMN_VECTORS = COLUMNS * 4u;
const PASSES = ROWS / STORED;

// Zeros instead of what lies at or past the end of K.
fn within(value: vec4f, k: u32, k_end: u32) -> vec4f {
  if (HAS_TAIL) {
    return select(vec4f(), value, vec4u(k, k + 1u, k + 2u, k + 3u) < vec4u(k_end));
  }
  return value;
}

fn lineWithin(value: vec4f, k: u32, k_end: u32) -> vec4f {
  if (HAS_TAIL) {
    return select(vec4f(), value, k < k_end);
  }
  return value;
}

fn lastK(k: u32) -> u32 {
  if (HAS_TAIL) {
    return min(k, params.K - 1u);
  }
  return k;
}

// Four columns of B at one k.
fn columnsAt(base: u32, k: u32, k_end: u32, column: u32) -> vec4f {
  return lineWithin(vectorB(base + lastK(k) * params.N, column, params.N - 1u), k, k_end);
}

// Four k of one column of a B that is transposed.
fn columnFrom(base: u32, k: u32, k_end: u32, column: u32) -> vec4f {
  return within(vectorB(base + min(column, params.N - 1u) * params.K, k, params.K - 1u), k, k_end);
}

@compute @workgroup_size(SUBGROUP)
fn subgroup(@builtin(workgroup_id) workgroup: vec3u, @builtin(subgroup_invocation_id) lane: u32) {
  let place = placeOf(workgroup.z + params.first_batch);
  let row = (workgroup.y + params.first_row) * ROWS;
  let column = (workgroup.x + params.first_column) * (COLUMNS * SUBGROUP * 4u) + lane * 4u;
  var acc: array<vec4f, PRODUCT_SIZE>;
  var rows: array<vec4f, ROW_GROUPS>; // of a row in this lane four k, or four rows at one k
  var columns: array<vec4f, COLUMN_VECTORS>; // four columns at each of four k
  for (var k = place.k_begin; k < place.k_end; k += 4u) {
    // @unroll
    for (var g = 0u; g < ROW_GROUPS; g++) {
      if (TRANSPOSE_A) {
        let line = k + lane % 4u;
        let first = row + g * SUBGROUP + lane / 4u * 4u;
        rows[g] = lineWithin(vectorA(place.a + lastK(line) * params.M, first, params.M - 1u), line, place.k_end);
      } else {
        let start = place.a + min(row + g * SUBGROUP + lane, params.M - 1u) * params.K;
        rows[g] = within(vectorA(start, k, params.K - 1u), k, place.k_end);
      }
    }
    // @unroll
    for (var c = 0u; c < COLUMNS; c++) {
      let first = column + c * SUBGROUP * 4u;
      if (TRANSPOSE_B) {
        let c0 = columnFrom(place.b, k, place.k_end, first);
        let c1 = columnFrom(place.b, k, place.k_end, first + 1u);
        let c2 = columnFrom(place.b, k, place.k_end, first + 2u);
        let c3 = columnFrom(place.b, k, place.k_end, first + 3u);
        columns[c * 4u + 0u] = vec4f(c0.x, c1.x, c2.x, c3.x);
        columns[c * 4u + 1u] = vec4f(c0.y, c1.y, c2.y, c3.y);
        columns[c * 4u + 2u] = vec4f(c0.z, c1.z, c2.z, c3.z);
        columns[c * 4u + 3u] = vec4f(c0.w, c1.w, c2.w, c3.w);
      } else {
        columns[c * 4u + 0u] = columnsAt(place.b, k, place.k_end, first);
        columns[c * 4u + 1u] = columnsAt(place.b, k + 1u, place.k_end, first);
        columns[c * 4u + 2u] = columnsAt(place.b, k + 2u, place.k_end, first);
        columns[c * 4u + 3u] = columnsAt(place.b, k + 3u, place.k_end, first);
      }
    }
    // @unroll
    for (var r = 0u; r < ROWS; r++) {
      var x: vec4f; // four k of row r, in every lane
      if (TRANSPOSE_A) {
        x = vec4f(
          subgroupBroadcast(rows[r / SUBGROUP][r % 4u], r % SUBGROUP / 4u * 4u),
          subgroupBroadcast(rows[r / SUBGROUP][r % 4u], r % SUBGROUP / 4u * 4u + 1u),
          subgroupBroadcast(rows[r / SUBGROUP][r % 4u], r % SUBGROUP / 4u * 4u + 2u),
          subgroupBroadcast(rows[r / SUBGROUP][r % 4u], r % SUBGROUP / 4u * 4u + 3u),
        );
      } else {
        x = subgroupBroadcast(rows[r / SUBGROUP], r % SUBGROUP);
      }
      // @unroll
      for (var c = 0u; c < COLUMNS; c++) {
        acc[r * COLUMNS + c] += x.x * columns[c * 4u + 0u];
        acc[r * COLUMNS + c] += x.y * columns[c * 4u + 1u];
        acc[r * COLUMNS + c] += x.z * columns[c * 4u + 2u];
        acc[r * COLUMNS + c] += x.w * columns[c * 4u + 3u];
      }
    }
  }
  var biases: array<vec4f, COLUMNS>;
  // @unroll
  for (var c = 0u; c < COLUMNS; c++) {
    biases[c] = biasFrom(column + c * SUBGROUP * 4u);
  }
  for (var turn = 0u; turn < PASSES && row + turn * STORED < params.M; turn++) {
    // @unroll
    for (var r = 0u; r < STORED; r++) {
      // @unroll
      for (var c = 0u; c < COLUMNS; c++) {
        var sums = vec4f();
        // @unroll
        for (var i = 0u; i < PASSES; i++) {
          sums = select(sums, acc[i * STORED * COLUMNS + r * COLUMNS + c], turn == i);
        }
        store(place.out, row + turn * STORED + r, column + c * SUBGROUP * 4u, finish(sums, biases[c]));
      }
    }
  }
}
