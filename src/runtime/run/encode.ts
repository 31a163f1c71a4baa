/** Recording a program's steps: dispatches that follow each other share a pass. */

/** A step with its GPU objects. */
export type Encodable =
  | {
      readonly kind: "dispatch";
      readonly label: string;
      readonly operation: string;
      readonly pipeline: GPUComputePipeline;
      readonly group: GPUBindGroup;
      readonly workgroups: readonly [number, number, number];
    }
  | {
      readonly kind: "copy";
      readonly from: GPUBuffer;
      readonly fromOffset: number;
      readonly to: GPUBuffer;
      readonly bytes: number;
    };

/** A step that is a dispatch. */
export type EncodableDispatch = Extract<Encodable, { readonly kind: "dispatch" }>;

/**
 * Records the steps in their order. With `queries`, query 0 tells when the first pass began, and 1 when the last ended.
 */
export function encodeSteps(
  encoder: GPUCommandEncoder,
  steps: readonly Encodable[],
  label: string,
  queries?: GPUQuerySet,
): void {
  const first = steps.findIndex((step) => step.kind === "dispatch");
  // The last pass begins after the last copy that dispatches follow.
  const last = steps.findLastIndex(
    (step, index) => step.kind === "dispatch" && (index === first || steps[index - 1]?.kind === "copy"),
  );
  let pass: GPUComputePassEncoder | undefined;
  for (const [index, step] of steps.entries()) {
    if (step.kind === "copy") {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(step.from, step.fromOffset, step.to, 0, step.bytes);
    } else {
      pass ??= encoder.beginComputePass({
        label,
        ...(queries !== undefined &&
          (index === first || index === last) && {
            timestampWrites: {
              querySet: queries,
              ...(index === first && { beginningOfPassWriteIndex: 0 }),
              ...(index === last && { endOfPassWriteIndex: 1 }),
            },
          }),
      });
      encodeDispatch(pass, step);
    }
  }
  pass?.end();
}

/** Records one dispatch into a pass. */
export function encodeDispatch(pass: GPUComputePassEncoder, step: EncodableDispatch): void {
  pass.setPipeline(step.pipeline);
  pass.setBindGroup(0, step.group);
  pass.dispatchWorkgroups(...step.workgroups);
}
