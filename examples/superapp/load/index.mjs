// load: customers of the super-app. Asks storefront at a bounded rate and never has more than a few requests under way,
// so that a slow fleet gets less load, not more. Runs as an app, or as a plain process with LOAD_URL.
import { createServer, request } from "node:http";

const base = process.env.LOAD_URL ?? "http://storefront.shop";
const rate = bounded("LOAD_RATE", 4, 0, 50); // requests a second; 0 turns it off
const inFlight = bounded("LOAD_IN_FLIGHT", 8, 1, 64);
const minutes = bounded("LOAD_MINUTES", 240, 1, 1440); // then it stops by itself
const host = process.env.LOAD_HOST; // asked for by name, when LOAD_URL is the address of a gateway

function bounded(name, usual, least, most) {
  const value = Number(process.env[name] ?? usual);
  if (!Number.isFinite(value) || value < least || value > most)
    throw new RangeError(`${name} is "${process.env[name]}"; accepted: ${least} to ${most}`);
  return value;
}

/** What customers do, and how often: mostly they look. */
const words = ["arepa", "taco", "ceviche", "a"];
const visits = [
  { share: 5, make: () => ["/"] },
  { share: 3, make: () => [`/search?q=${words[Math.floor(Math.random() * words.length)]}`] },
  {
    share: 2,
    make: () => [
      "/orders",
      JSON.stringify({ items: [1 + Math.floor(Math.random() * 3)], user: `u${Math.floor(Math.random() * 50)}` }),
    ],
  },
];
const shares = visits.reduce((sum, { share }) => sum + share, 0);

function visit() {
  let at = Math.random() * shares;
  return (visits.find(({ share }) => (at -= share) < 0) ?? visits[0]).make();
}

let under = 0;
let skipped = 0;
let counts = {};

/** The status of the answer. `fetch` would put the URL's own host into the request, whatever is asked for. */
function ask(path, body) {
  return new Promise((resolve, reject) => {
    const headers = {
      ...(host !== undefined && { host }),
      ...(body !== undefined && { "content-type": "application/json", "content-length": Buffer.byteLength(body) }),
    };
    const call = request(
      `${base}${path}`,
      { method: body === undefined ? "GET" : "POST", headers, signal: AbortSignal.timeout(10_000) },
      (answer) => {
        answer
          .on("end", () => resolve(answer.statusCode))
          .on("error", reject)
          .resume();
      },
    );
    call.on("error", reject).end(body);
  });
}

async function once() {
  if (under >= inFlight) return void skipped++;
  under++;
  const result = await ask(...visit()).catch((error) =>
    error.name === "TimeoutError" || error.name === "AbortError" ? "timeout" : "failed",
  );
  under--;
  counts[result] = (counts[result] ?? 0) + 1;
}

const clock = rate > 0 ? setInterval(once, 1000 / rate) : undefined;
const report = setInterval(() => {
  if (Object.keys(counts).length > 0)
    console.log(new Date().toISOString(), JSON.stringify(counts), skipped > 0 ? `${skipped} held back` : "");
  counts = {};
  skipped = 0;
}, 10_000);

// As an app it has a port for its probe.
const server =
  process.env.PORT === undefined
    ? undefined
    : createServer((_, response) => response.end(JSON.stringify({ rate, under, counts }))).listen(
        Number(process.env.PORT),
        "127.0.0.1",
      );
setTimeout(() => clearInterval(clock), minutes * 60_000).unref();
process.on("SIGTERM", () => {
  clearInterval(clock);
  clearInterval(report);
  server?.close();
  setTimeout(() => process.exit(0), 50);
});
