// The package's main file is CommonJS, but is declared an ES module: tests import the file for bundlers.
declare module "wgsl_reflect/wgsl_reflect.module.js" {
  export * from "wgsl_reflect";
}
