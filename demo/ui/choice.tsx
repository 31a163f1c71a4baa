/** A choice between a few options, side by side. */

export interface Option<T extends string> {
  readonly value: T;
  readonly label: string;
  readonly isDisabled?: boolean;
}

export interface ChoiceProps<T extends string> {
  readonly name: string;
  readonly legend: string;
  readonly options: readonly Option<T>[];
  readonly value: T | undefined;
  readonly onChoose: (value: T) => void;
}

export function Choice<T extends string>({ name, legend, options, value, onChoose }: ChoiceProps<T>) {
  return (
    <fieldset class="choice">
      <legend>{legend}</legend>
      {options.map((option) => (
        <label key={option.value} class="steady" data-bold={option.label}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.isDisabled}
            onChange={() => onChoose(option.value)}
          />
          {option.label}
        </label>
      ))}
    </fieldset>
  );
}
