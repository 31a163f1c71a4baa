// A shader's source as a string. `?raw` is for Vite and Vitest, `with { type: "text" }` for Deno; both are always
// written.
declare module "*.wgsl?raw" {
  const source: string;
  export default source;
}
