/** Formats the errors of a shader. Loaded only when one does not compile. */

/** Lists the compiler's messages with line, column and the source's lines. */
export async function shaderFaults(source: string, module: GPUShaderModule): Promise<string> {
  const info = await module.getCompilationInfo().catch(() => undefined);
  const lines = source.split("\n");
  const messages = (info?.messages ?? []).map(
    ({ type, lineNum, linePos, message }) =>
      `  ${lineNum}:${linePos} ${type}: ${message}\n    ${lines[lineNum - 1] ?? ""}`,
  );
  return messages.join("\n");
}
