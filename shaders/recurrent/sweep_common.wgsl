// What the sweeps share, put behind each of them (kernels/recurrent/sweep_plan.ts): which rows and steps a workgroup
// takes, from the sweep's `mask`, `schedule`, `params`, ROWS, HAS_MASK and PADDING, and what a cell's step gives. A
// workgroup has ROWS slots; a slot holds a row of the batch.

// One unit after a cell's step: h, c (0 where the cell has none), and four numbers that are saved for the way back.
struct Step {
  h: f32,
  c: f32,
  parts: vec4f,
}

// Gradients of one unit before a cell's step: of its gates' input and of their recurrent product; of h, without what
// comes by the recurrent product; of c (0 where the cell has none).
struct StepBack {
  d_x: vec4f,
  d_u: vec4f,
  d_h: f32,
  d_c: f32,
}

// How many rows of the quad that starts at slot `first` there are. The others stay zero and are never stored.
// (A bound that is known only at run time also keeps drivers from unrolling the loop, which costs some of them
// seconds.)
fn rows_inside(first: u32) -> u32 {
  let slots = select(params.batch, 1u, PADDING == 2u);
  return min(4u, slots - min(first, slots));
}

// The batch row in a slot: a schedule takes the rows in an order of its own, longest first with a mask.
fn row_of(slot: u32) -> u32 {
  if (PADDING == 1u) { return u32(schedule[slot]); }
  if (HAS_MASK == 1u) { return u32(mask[slot]); }
  return slot + select(0u, params.batch, PADDING == 2u);
}

// Where the padding before the row in a slot ends, by the schedule of rows that share it; slots are sorted by it.
fn padding_end(slot: u32) -> u32 {
  return u32(schedule[params.batch + min(slot, params.batch - 1u)]);
}

// The first step of the row in a slot.
fn start_of(slot: u32) -> u32 {
  if (PADDING == 1u) { return padding_end(slot); }
  return 0u;
}

// Whether a mask lets the step count.
fn is_kept(step: u32) -> bool {
  return HAS_MASK == 0u || mask[3u * params.batch + step] != 0;
}

// Of the steps begin … end - 1 those from the first to the last that counts for any row of the group, as (first, last +
// 1). At the others its states stay as they are, and gradients pass by.
fn kept_steps(first_row: u32, begin: u32, end: u32) -> vec2u {
  if (HAS_MASK == 0u) { return vec2u(begin, end); }
  var kept = vec2u(end, begin);
  for (var slot = first_row; slot < min(first_row + ROWS, params.batch); slot++) {
    kept.x = min(kept.x, max(begin, u32(mask[params.batch + slot])));
    kept.y = max(kept.y, min(end, u32(mask[2u * params.batch + slot])));
  }
  return kept;
}
