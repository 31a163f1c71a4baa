/** How the page learns that its worker hangs; that it is gone is seen in a browser, in training.test.ts. */
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { watchWorker } from "../../demo/worker_heartbeat.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

/** A worker that is awaited or not, and what came of watching it. */
function watched(isAwaited: () => boolean) {
  const ping = vi.fn();
  const onGone = vi.fn();
  return { ping, onGone, heartbeat: watchWorker(ping, isAwaited, onGone) };
}

test("a worker that answers no ping for a minute hangs, and is said to be gone once", () => {
  const { ping, onGone } = watched(() => true);
  vi.advanceTimersByTime(60_000);
  expect(ping).toHaveBeenCalledTimes(6);
  expect(onGone).not.toHaveBeenCalled();
  vi.advanceTimersByTime(60_000);
  expect(onGone).toHaveBeenCalledExactlyOnceWith("the page's worker has not answered for 60 s");
  expect(vi.getTimerCount()).toBe(0);
});

test("whatever it says is a sign of life, and while nobody waits it is left in peace", () => {
  let isAwaited = true;
  const { ping, onGone, heartbeat } = watched(() => isAwaited);
  for (let times = 0; times < 10; times++) {
    vi.advanceTimersByTime(50_000);
    heartbeat.heard();
  }
  isAwaited = false;
  ping.mockClear();
  vi.advanceTimersByTime(600_000);
  expect(ping).not.toHaveBeenCalled();
  expect(onGone).not.toHaveBeenCalled();
});

test("a watch that was stopped says nothing", () => {
  const { onGone, heartbeat } = watched(() => true);
  heartbeat.stop();
  vi.advanceTimersByTime(600_000);
  expect(onGone).not.toHaveBeenCalled();
});
