import { createContext, useContext, useSyncExternalStore } from "react";

/** By how much the server's clock is ahead of ours, in ms. */
export const ClockSkew = createContext(0);

const listeners = new Set<() => void>();
let timer: ReturnType<typeof setInterval> | undefined;
let second = Math.floor(Date.now() / 1000);

/** One timer for everything that counts seconds: all of it ticks together. */
function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  timer ??= setInterval(() => {
    second = Math.floor(Date.now() / 1000);
    for (const each of listeners) each();
  }, 1000);
  return () => {
    listeners.delete(listener);
    if (listeners.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

/** Unix ms as the server has it, second by second. */
export function useServerNow(): number {
  const skew = useContext(ClockSkew);
  return useSyncExternalStore(subscribe, () => second) * 1000 + skew;
}
