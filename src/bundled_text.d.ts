// A file's text, which the build bundles. `?raw` is for Vite and Vitest, `with { type: "text" }` for Deno; both are
// always written.
declare module "*.csv?raw" {
  const text: string;
  export default text;
}

declare module "*.py?raw" {
  const text: string;
  export default text;
}
