/** A separate module, so that the bundler emits a separate file for it. */
export { loadModel } from "sluice";
