/**
 * Long enough for a machine that is many times slower than usual: a test tells right from wrong, not fast from slow. What
 * comes in time costs nothing.
 */
export const patienceMs = 60_000;

/** Runs `check` until it no longer throws, at most `timeoutMs`; then throws what it threw last. */
export async function eventually<T>(check: () => T | Promise<T>, timeoutMs = patienceMs, everyMs = 50): Promise<T> {
  const deadline = Date.now() + timeoutMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (Date.now() > deadline) throw error;
      await new Promise((resolve) => setTimeout(resolve, everyMs));
    }
  }
}
