/** Error messages above the view; each can be closed. */
import { dismiss } from "../notices.ts";
import { notices } from "../state.ts";

export function Notices() {
  return (
    <div class="notices" role="alert">
      {notices.value.map(({ about, title, text }) => (
        <section key={about} class="notice" aria-label={title}>
          <div>
            <h3>{title}</h3>
            <p>{text}</p>
          </div>
          <button type="button" class="quiet" aria-label={`Close: ${title}`} onClick={() => dismiss(about)}>
            ×
          </button>
        </section>
      ))}
    </div>
  );
}
