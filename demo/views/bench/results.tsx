/** The results as they arrive, row by row, followed by the cases that could not be measured. */
import { type BenchResult, digits, problemRow, ratesOf, seconds } from "sluice/bench";
import { ScrollBox } from "../../ui/scroll_box.tsx";
import { Share } from "./share.tsx";
import { notes, place, results, roof } from "./store.ts";

export function Figures() {
  const rows: readonly (readonly [string, string, string | undefined])[] = [
    ["peak", "Multiply-adds in registers", roof.value && `${digits(roof.value.flops / 1e9)} GFLOP/s`],
    ["bandwidth", "Copying memory", roof.value && `${digits(roof.value.bytes / 1e9)} GB/s`],
    ["clock", "Clock", place.value?.clock],
  ];
  return (
    <dl class="figures">
      {rows.map(([id, label, value]) => (
        <div key={id}>
          <dt>{label}</dt>
          <dd id={id}>{value ?? "–"}</dd>
        </div>
      ))}
    </dl>
  );
}

function by({ library, variant, isDefault }: BenchResult): string {
  if (library !== "sluice") return library;
  return variant ? `Sluice, ${variant}${isDefault ? " ★" : ""}` : "Sluice";
}

function Row({ result }: { readonly result: BenchResult }) {
  const { gflops, gigabytes } = ratesOf(result);
  const { median, low, high, isNoisy } = result.measurement;
  return (
    <tr class={isNoisy ? "noisy" : ""}>
      <td>{result.name}</td>
      <td>{by(result)}</td>
      <td class="number">{`${seconds(median)}${isNoisy ? " (noisy)" : ""}`}</td>
      <td class="number">{`${seconds(low)} – ${seconds(high)}`}</td>
      <td class="number">{gflops > 0 ? digits(gflops) : ""}</td>
      <td class="number">{gigabytes > 0 ? digits(gigabytes) : ""}</td>
      <td class="share">
        {result.ratio === undefined ? (
          <Share of={result.roofShare} isOther={!result.isDefault} />
        ) : (
          `${digits(result.ratio.median)} × Sluice's time`
        )}
      </td>
    </tr>
  );
}

export function Results() {
  if (results.value.length + notes.value.length === 0) return null;
  return (
    <>
      <ScrollBox label="Results">
        <table>
          <thead>
            <tr>
              <th scope="col">Case</th>
              <th scope="col">By</th>
              <th scope="col" class="number">
                Median
              </th>
              <th scope="col" class="number">
                95% interval
              </th>
              <th scope="col" class="number">
                GFLOP/s
              </th>
              <th scope="col" class="number">
                GB/s
              </th>
              <th scope="col">Of the roof</th>
            </tr>
          </thead>
          <tbody id="results">
            {results.value.map((result, row) => (
              <Row key={row} result={result} />
            ))}
          </tbody>
        </table>
      </ScrollBox>
      <ul id="notes" class="muted">
        {notes.value.map((note, row) => (
          <li key={row}>{"text" in note ? note.text : problemRow(note.problem)}</li>
        ))}
      </ul>
    </>
  );
}
