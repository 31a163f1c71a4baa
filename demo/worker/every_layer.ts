/** A separate module, so that the bundler makes a file of its own for it. */
export { loadModel } from "sluice";
