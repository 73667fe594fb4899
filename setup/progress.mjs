// @ts-check
// What set-up shows while it works: a line for each finished step and, on a terminal, one that ticks.

/** @param {NodeJS.WriteStream} [out] */
export function createProgress(out = process.stderr) {
  /** @type {Map<string, number>} running steps → when they began */
  const running = new Map();
  /** @type {NodeJS.Timeout | undefined} */
  let ticking;

  const clear = () => out.isTTY && out.write("\r\x1b[K");
  const tick = () => {
    if (!out.isTTY || running.size === 0) return;
    const line = [...running].map(([title, since]) => `${title} ${Math.floor((Date.now() - since) / 1000)} s`);
    out.write(`\r\x1b[K  … ${line.join(" · ")}`.slice(0, (out.columns ?? 80) + 4));
  };
  /** @param {string} line */
  const print = (line) => {
    clear();
    out.write(`${line}\n`);
    tick();
  };

  return {
    print,
    /** @param {import("./steps.mjs").Step} step */
    async perform(step) {
      const since = Date.now();
      running.set(step.title, since);
      ticking ??= setInterval(tick, 250);
      if (!out.isTTY) print(`  … ${step.title}`);
      tick();
      try {
        await step.run();
        running.delete(step.title);
        print(`  ✔ ${step.title} ${((Date.now() - since) / 1000).toFixed(1)} s`);
      } catch (error) {
        running.delete(step.title);
        print(`  ✖ ${step.title}`);
        throw error;
      } finally {
        if (running.size === 0) {
          clearInterval(ticking);
          ticking = undefined;
        }
      }
    },
  };
}
