/** Times a shader that the visitor enters, like a bench case. */
import { parseAmount, parseBuffers, parseWorkgroups, type ShaderJob } from "sluice/bench";
import { notifyFailure } from "../../notices.ts";
import { measure } from "./store.ts";

const EXAMPLE = `@group(0) @binding(0) var<storage, read> x : array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y : array<vec4f>;

@compute @workgroup_size(64)
fn scale(@builtin(global_invocation_id) id : vec3u) {
  y[id.x] = 2.0 * x[id.x] + 1.0;
}
`;

const FIELDS = [
  ["buffers", "Buffers, by @binding", "16MiB, 16MiB"],
  ["workgroups", "Workgroups", "16384"],
  ["flops", "Operations", "8388608"],
  ["bytes", "Bytes moved", "32MiB"],
] as const;

/** @throws ValueError for an invalid field. */
function jobOf(form: HTMLFormElement): ShaderJob {
  const data = new FormData(form);
  const field = (name: "source" | (typeof FIELDS)[number][0]) => String(data.get(name) ?? "");
  const buffers = field("buffers").trim();
  return {
    name: "your shader",
    source: field("source"),
    buffers: buffers === "" ? [] : parseBuffers(buffers),
    workgroups: parseWorkgroups(field("workgroups").trim()),
    work: { flops: parseAmount(field("flops").trim() || "0"), bytes: parseAmount(field("bytes").trim() || "0") },
  };
}

function time(form: HTMLFormElement): void {
  try {
    void measure({ shader: jobOf(form) });
  } catch (error) {
    notifyFailure("bench", error);
  }
}

export function OwnShader({ isReady }: { readonly isReady: boolean }) {
  return (
    <section class="panel" aria-labelledby="shader-title">
      <h3 id="shader-title">Your own shader</h3>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          time(event.currentTarget);
        }}
      >
        <label for="source">WGSL with one compute entry point and all its buffers in group 0</label>
        <textarea id="source" name="source" rows={8} spellcheck={false} defaultValue={EXAMPLE} />
        <div class="fields">
          {FIELDS.map(([name, label, value]) => (
            <label key={name}>
              {label}
              <input name={name} type="text" spellcheck={false} defaultValue={value} />
            </label>
          ))}
        </div>
        <p class="muted">A buffer is a size, such as 64MiB, or values after their type, such as u32:1024:4.</p>
        <div class="controls">
          <button id="time-shader" type="submit" disabled={!isReady}>
            Measure this shader
          </button>
        </div>
      </form>
    </section>
  );
}
