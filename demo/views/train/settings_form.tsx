/** The form of the training settings, each with its default and a description. */
import { FIELDS, PRESETS, settingsFrom } from "../../settings.ts";
import { settings } from "../../state.ts";

function change(form: HTMLFormElement): void {
  const { data } = settings.value;
  settings.value = settingsFrom((name) => {
    if (name === "data") return data;
    const field = form.elements.namedItem(name);
    return field instanceof HTMLInputElement ? field.value : null;
  });
}

export function SettingsForm() {
  const current = settings.value;
  const preset = PRESETS[current.data];
  return (
    <details class="settings">
      <summary>Settings</summary>
      <form
        id="settings"
        class="fields"
        onSubmit={(event) => event.preventDefault()}
        onChange={({ currentTarget }) => change(currentTarget)}
      >
        {FIELDS.map(({ name, label, least, most, isWhole, help }) => (
          <div key={name}>
            <label for={`setting-${name}`}>{label}</label>
            <input
              id={`setting-${name}`}
              name={name}
              type="number"
              min={least}
              max={most}
              step={isWhole ? 1 : "any"}
              value={current[name]}
              aria-describedby={`help-${name}`}
            />
            <p id={`help-${name}`} class="muted">
              {help} <span class="default">Default: {preset[name]}.</span>
            </p>
          </div>
        ))}
      </form>
      <p class="muted">
        They hold from the next start on, and stand in the page's address: a link to it repeats the run.
      </p>
      <button
        type="button"
        class="quiet"
        onClick={() => {
          settings.value = preset;
        }}
      >
        Back to the defaults
      </button>
    </details>
  );
}
