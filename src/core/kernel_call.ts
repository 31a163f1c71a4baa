/**
 * The interface between a graph's operations and the GPU, as plain data. An operation lowers to kernel calls (which
 * kernel to run on which tensors); a kernel call plans its dispatches and scratch buffers for an adapter.
 */
import type { DType } from "./dtype.ts";
import type { DispatchRecipe } from "./shader_recipe.ts";
import type { Shape } from "./shape.ts";

/** Shape and dtype of a tensor. */
export interface TensorType {
  readonly shape: Shape;
  readonly dtype: DType;
}

/**
 * A tensor of the operation being lowered: one of its inputs or outputs, or a temporary between its kernel calls.
 * Operands are compared by identity.
 */
export type Operand = TensorType;

/** A buffer that exists only during a kernel call; compared by identity. */
export interface Scratch {
  readonly bytes: number;
}

/** A tensor that a dispatch can bind. */
export type Tensor = Operand | Scratch;

/** A tensor and its declaration in a dispatch's shader. */
export interface BoundTensor {
  readonly tensor: Tensor;
  readonly access: "read" | "read_write";
}

/** Operands by name; undefined for an optional operand that is not given. */
export type Operands = Readonly<Record<string, Operand | readonly Operand[] | undefined>>;

/**
 * The properties of the adapter that kernels may depend on. The default plan is a pure function of these and of the
 * shapes.
 */
export interface AdapterTraits {
  /** Software adapters need other tile sizes and shorter dispatches than hardware. */
  readonly kind: "lavapipe" | "swiftshader" | "gpu";
  /** The subgroup size, if all subgroups have the same size and shaders may use them; otherwise 0. */
  readonly subgroupSize: number;
  readonly limits: {
    readonly maxStorageBuffersPerShaderStage: number;
    readonly maxStorageBufferBindingSize: number;
    readonly maxComputeWorkgroupStorageSize: number;
    readonly maxComputeInvocationsPerWorkgroup: number;
    readonly maxComputeWorkgroupSizeX: number;
    readonly maxComputeWorkgroupsPerDimension: number;
  };
  /** A conservative estimate of multiply-adds per second in a kernel's inner loop. It determines the size of chunks. */
  readonly multiplyAddsPerSecond: number;
  /** The target for the longest duration of one dispatch, in seconds. */
  readonly dispatchSeconds: number;
}

/** A scalar member of a kernel's `params` uniform. Members are in the struct's order. */
export interface Param {
  readonly type: "u32" | "i32" | "f32";
  readonly value: number;
}

/** Packs scalars into the bytes of a `params` struct, padded to a multiple of 16. */
export function packParams(params: readonly Param[]): ArrayBuffer {
  const buffer = new ArrayBuffer(Math.max(16, Math.ceil(params.length / 4) * 16));
  const view = new DataView(buffer);
  params.forEach(({ type, value }, index) => {
    if (type === "u32") view.setUint32(index * 4, value, true);
    else if (type === "i32") view.setInt32(index * 4, value, true);
    else view.setFloat32(index * 4, value, true);
  });
  return buffer;
}

/** One `dispatchWorkgroups`. `@binding(0)` is the params uniform; the storage buffers follow from `@binding(1)`. */
export interface Dispatch {
  readonly label: string;
  readonly source: string;
  /** The recipe that `source`, `params` and the order of `buffers` were generated from. */
  readonly recipe: DispatchRecipe;
  readonly entryPoint: string;
  readonly params: readonly Param[];
  readonly buffers: readonly BoundTensor[];
  readonly workgroups: readonly [number, number, number];
  /** True for the second and later chunks of work that was split to keep dispatches short; counted separately. */
  readonly isExtraChunk?: boolean;
}

/** The dispatches that execute a call on one adapter. */
export interface KernelPlan {
  readonly dispatches: readonly Dispatch[];
}

/** A tensor that overwrites another one in its buffer. */
export interface InPlace {
  readonly read: Operand;
  readonly write: Operand;
}

/** A kernel and the tensors that it runs on. */
export interface KernelCall {
  readonly kernel: string;
  readonly reads: Operands;
  readonly writes: Operands;
  /**
   * Pairs of tensors that share a buffer: the kernel reads `read` from the buffer of `write` and overwrites it. Such a
   * `read` has no binding of its own.
   */
  readonly inPlace?: readonly InPlace[];
  /**
   * The names of the kernel's variants. Without a name, `plan` chooses one by adapter and shape; the first is not
   * necessarily the default.
   */
  readonly variants?: readonly string[];
  /**
   * With `variants`: the shapes and options that determine which variant is fastest, as a string. Calls of a kernel
   * with equal strings are equally fast.
   */
  readonly shapeClass?: string;
  /** Plans the dispatches of a variant for an adapter. */
  readonly plan: (adapter: AdapterTraits, variant?: string) => KernelPlan;
}

/**
 * Folds a one-dimensional grid of `count` workgroups into the adapter's limit per dimension; kernels read `id = wid.x +
 * wid.y * num_workgroups.x`.
 */
export function foldGrid(count: number, adapter: AdapterTraits): [number, number, number] {
  const limit = adapter.limits.maxComputeWorkgroupsPerDimension;
  if (count <= limit) return [Math.max(1, count), 1, 1];
  const rows = Math.ceil(count / limit);
  return [Math.ceil(count / rows), rows, 1];
}
