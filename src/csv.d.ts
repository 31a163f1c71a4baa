// A table as a string, which the build bundles.
declare module "*.csv?raw" {
  const text: string;
  export default text;
}
