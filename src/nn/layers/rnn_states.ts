/** States that live on from batch to batch: `stateful`. */
import { ValueError } from "../../core/errors.ts";
import { type Update, type Value, Variable } from "../../graph/operation.ts";
import { resetEverywhere } from "../../runtime/run/variables.ts";

/** The states of a stateful layer: made at its first batch, whose size they keep. */
export class LivingStates {
  #variables: readonly Variable[] = [];

  /** The variables; none before the first batch. */
  get variables(): readonly Variable[] {
    return this.#variables;
  }

  /**
   * The states before a batch of `batch` rows; `stateOf` says what a variable holds by now.
   * @throws ValueError when an earlier batch had another size.
   */
  before(
    layer: string,
    batch: number,
    sizes: readonly number[],
    stateOf = ({ value }: Variable): Value => value,
  ): readonly Value[] {
    const known = this.#variables[0]?.shape[0];
    if (known === undefined) {
      this.#variables = sizes.map(
        (size, index) => new Variable({ name: `${layer}/state_${index}`, shape: [batch, size], trainable: false }),
      );
    } else if (known !== batch) {
      throw new ValueError(
        `${layer}: stateful, with states for a batch of ${known}; got a batch of ${batch}. ` +
          "Row b of a batch goes on where row b " +
          `of the one before ended: use one batchSize everywhere, and give fit, evaluate and predict a multiple of it`,
        { layer, expected: known, batch },
      );
    }
    return this.#variables.map(stateOf);
  }

  /** The updates that keep the states after a batch. */
  after(states: readonly Value[]): Update[] {
    return this.#variables.map((variable, index) => ({ variable, value: states[index] as Value }));
  }

  /** Sets the states to zero, on every device. */
  reset(): void {
    resetEverywhere(this.#variables);
  }
}
