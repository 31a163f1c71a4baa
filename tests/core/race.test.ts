/** Waits that an abort ends. */
import { getEventListeners } from "node:events";
import { expect, test } from "vitest";
import { AbortError, DisposedError } from "../../src/core/errors.ts";
import { raceAbort } from "../../src/core/race.ts";

const never = () => new Promise<never>(() => undefined);

test("settles as the promise does, and leaves no listener on the signals", async () => {
  const { signal } = new AbortController();
  const fault = new Error("its own");
  expect(await raceAbort(Promise.resolve(3), signal, undefined)).toBe(3);
  await expect(raceAbort(Promise.reject(fault), signal)).rejects.toBe(fault);
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("rejects at an abort though the promise never settles, and leaves no listener", async () => {
  const [first, second] = [new AbortController(), new AbortController()];
  const end = raceAbort(never(), first.signal, second.signal);
  second.abort("enough");
  const error = await end.catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(AbortError);
  expect(error).toMatchObject({ cause: "enough", details: { reason: "enough" } });
  expect(getEventListeners(first.signal, "abort")).toEqual([]);
  expect(getEventListeners(second.signal, "abort")).toEqual([]);
});

test("rejects at once where a signal has aborted before, with the first one's error", async () => {
  const disposed = new DisposedError("gone");
  await expect(raceAbort(never(), AbortSignal.abort(disposed), AbortSignal.abort())).rejects.toBe(disposed);
  await expect(raceAbort(Promise.resolve(1), undefined, AbortSignal.abort())).rejects.toBeInstanceOf(AbortError);
});

test("a rejection that comes after the abort is ignored", async () => {
  const unhandled: unknown[] = [];
  const note = (reason: unknown) => unhandled.push(reason);
  process.on("unhandledRejection", note);
  const controller = new AbortController();
  let fail = (_: Error): void => undefined;
  const late = new Promise<never>((_, reject) => {
    fail = reject;
  });
  const end = raceAbort(late, controller.signal);
  controller.abort();
  await expect(end).rejects.toBeInstanceOf(AbortError);
  fail(new Error("too late"));
  await new Promise((resolve) => setTimeout(resolve, 20));
  process.off("unhandledRejection", note);
  expect(unhandled).toEqual([]);
});
