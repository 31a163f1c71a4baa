/** Encodes a program's commands. Consecutive dispatches share a compute pass. */

/** A command with its GPU objects. */
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

/** A command that is a dispatch. */
export type EncodableDispatch = Extract<Encodable, { readonly kind: "dispatch" }>;

/**
 * Encodes the commands in order. With `queries`, query 0 is the start of the first pass, and query 1 the end of the
 * last.
 */
export function encodeCommands(
  encoder: GPUCommandEncoder,
  commands: readonly Encodable[],
  label: string,
  queries?: GPUQuerySet,
): void {
  const first = commands.findIndex((command) => command.kind === "dispatch");
  // The last pass begins after the last copy that dispatches follow.
  const last = commands.findLastIndex(
    (command, index) => command.kind === "dispatch" && (index === first || commands[index - 1]?.kind === "copy"),
  );
  let pass: GPUComputePassEncoder | undefined;
  for (const [index, command] of commands.entries()) {
    if (command.kind === "copy") {
      pass?.end();
      pass = undefined;
      encoder.copyBufferToBuffer(command.from, command.fromOffset, command.to, 0, command.bytes);
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
      encodeDispatch(pass, command);
    }
  }
  pass?.end();
}

/** Encodes one dispatch into a pass. */
export function encodeDispatch(pass: GPUComputePassEncoder, command: EncodableDispatch): void {
  pass.setPipeline(command.pipeline);
  pass.setBindGroup(0, command.group);
  pass.dispatchWorkgroups(...command.workgroups);
}
