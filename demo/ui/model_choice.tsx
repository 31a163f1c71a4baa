/** The choice between the page's model and the visitor's own, once there is one. */
import { available, wanted, which } from "../state.ts";
import { Choice } from "./choice.tsx";

const LABELS = { own: "your model", shipped: "the page's model" } as const;

export function ModelChoice({ legend }: { readonly legend: string }) {
  if (available.value.length < 2) return null;
  return (
    <Choice
      name="which"
      legend={legend}
      options={available.value.map((value) => ({ value, label: LABELS[value] }))}
      value={which.value}
      onChoose={(value) => {
        wanted.value = value;
      }}
    />
  );
}
