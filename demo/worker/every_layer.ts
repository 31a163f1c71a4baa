/** Apart from the worker's other modules, so that it becomes a file of its own. */
export { loadModel } from "sluice";
