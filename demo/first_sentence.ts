/** The sentence that the page opens with; it is in neither data set. */
export const FIRST_TEXT =
  "The plot is thin and the first hour drags, but the cast is wonderful and the ending is one of the best I have seen.";
