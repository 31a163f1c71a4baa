/** The view “Words”: the embedding as a map, before and after training, and the neighbours of a word. */
import { useEffect } from "preact/hooks";
import type { WordsResult } from "../../messages/words.ts";
import { gpu, which } from "../../state.ts";
import { Choice } from "../../ui/choice.tsx";
import { count, percent } from "../../ui/format.ts";
import { MapPicture } from "./map.tsx";
import { choose, chosen, followMap, map, missing, moment, near, search } from "./store.ts";
import "./words.css";

function Search() {
  return (
    <form
      class="word-search"
      onSubmit={(event) => {
        event.preventDefault();
        search(String(new FormData(event.currentTarget).get("word") ?? ""));
      }}
    >
      <label for="word-search">Find a word</label>
      <input id="word-search" name="word" type="search" autocomplete="off" spellcheck={false} maxLength={60} />
      <button type="submit">Find</button>
      <p role="status">{missing.value === "" ? "" : `“${missing.value}” has no vector of its own.`}</p>
    </form>
  );
}

function Neighbours({ current }: { readonly current: WordsResult }) {
  const place = chosen.value;
  if (place === undefined) return null;
  return (
    <div class="neighbours">
      <h3 id="chosen-word">{current.words[place]}</h3>
      <p class="muted">
        {count(current.counts[place] ?? 0)} times in the training texts. The nearest words, by the cosine of their
        vectors: 1 is the same direction, 0 has nothing in common.
      </p>
      <ol id="neighbours">
        {near.value.map(({ place: other, cosine }) => (
          <li key={other}>
            <button type="button" class="quiet" onClick={() => choose(other, true)}>
              {current.words[other]}
            </button>
            <span class="cosine">{cosine.toFixed(2)}</span>
          </li>
        ))}
      </ol>
    </div>
  );
}

function Moments() {
  return (
    <Choice
      name="moment"
      legend="The vectors"
      options={[
        { value: "before", label: "before training" },
        { value: "after", label: "after training" },
      ]}
      value={moment.value}
      onChoose={(value) => {
        moment.value = value;
      }}
    />
  );
}

export function View() {
  useEffect(followMap, []);
  const current = map.value;
  if (current === undefined) {
    return (
      <p class="panel" role="status">
        {gpu.value.kind === "missing"
          ? "The map is worked out on the GPU, which this browser does not give."
          : which.value === undefined
            ? "The model is on its way …"
            : "Working out the map …"}
      </p>
    );
  }
  return (
    <section class="panel words-view" aria-label="The map of words">
      <div class="words-head">
        <Moments />
        <Search />
      </div>
      <div class="beside-map">
        <div>
          <MapPicture map={current} />
          <p class="key">
            <span class="tone praise">words of praise</span>
            <span class="tone blame">words of blame</span>
            <span class="tone chosen">the chosen word</span>
            <span class="muted">six words of each tone are marked, to see whether the map tells them apart</span>
          </p>
          <p class="muted">
            Drag it, click a word, zoom by the buttons or by two fingers; once you clicked into it the wheel zooms too.
          </p>
          <p id="explained" class="muted">
            {count(current.words.length)} words. A word is {count(current.size)} numbers to the network, its vector. The
            map shows the two directions in which the vectors differ most: across {percent(current.explained[0])} of the
            variance, up {percent(current.explained[1])}
            {current.stretch > 1.05 ? `, which is drawn ${current.stretch.toFixed(1)} times as large` : ""}. The rest is
            not seen, so neighbours in the list need not be neighbours on the map.
          </p>
        </div>
        <Neighbours current={current} />
      </div>
    </section>
  );
}
