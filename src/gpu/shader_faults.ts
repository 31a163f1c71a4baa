/** What is wrong with a shader, for an error. Loaded when one does not compile. */

/** The compiler's messages with line, column and the source's lines, one below the other. */
export async function shaderFaults(source: string, module: GPUShaderModule): Promise<string> {
  const info = await module.getCompilationInfo().catch(() => undefined);
  const lines = source.split("\n");
  const messages = (info?.messages ?? []).map(
    ({ type, lineNum, linePos, message }) =>
      `  ${lineNum}:${linePos} ${type}: ${message}\n    ${lines[lineNum - 1] ?? ""}`,
  );
  return messages.join("\n");
}
