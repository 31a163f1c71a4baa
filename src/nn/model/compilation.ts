/** The result of `model.compile`, which may have to load code first. */
import { ValueError } from "../../core/errors.ts";
import type { Compiled } from "../training/step_model.ts";

/** The compiled optimizer, losses and metrics of one call of `compile`. */
export class Compilation {
  #compiled: Compiled | undefined;
  readonly #loading: Promise<Compiled> | undefined;

  constructor(compiled: Compiled | Promise<Compiled>) {
    if (!(compiled instanceof Promise)) {
      this.#compiled = compiled;
      return;
    }
    this.#loading = compiled.then((loaded) => {
      this.#compiled = loaded;
      return loaded;
    });
    // The methods that need the compiled model report the error.
    this.#loading.catch(() => undefined);
  }

  /** Undefined while code is being loaded. */
  get compiled(): Compiled | undefined {
    return this.#compiled;
  }

  /** Waits for code that is being loaded. @throws ValueError for the options of a name that had to be loaded. */
  async loaded(): Promise<void> {
    await this.#loading;
  }
}

/** @throws ValueError if the model is not compiled. */
export function expectCompiled(compiled: Compiled | undefined, what: string): Compiled {
  if (compiled !== undefined) return compiled;
  throw new ValueError(`${what}: the model is not compiled; call model.compile({ loss, optimizer, metrics }) first`);
}
