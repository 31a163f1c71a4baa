/** Node's garbage collection on demand: V8 lets garbage lie until it is pressed. */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

setFlagsFromString("--expose-gc");

/** Collects now. */
export const collect = runInNewContext("gc") as () => void;
