import { request, type ClientRequest } from "node:http";
import { afterEach, expect, test } from "vitest";
import { startLender, type Lender } from "./lender.ts";

let lender: Lender;
afterEach(() => lender.close());

function borrow(): { call: ClientRequest; line: Promise<string> } {
  const call = request(lender.url);
  const line = new Promise<string>((resolve, reject) => {
    call.on("response", (answer) => answer.setEncoding("utf8").once("data", resolve));
    call.on("error", reject);
  });
  call.end();
  return { call, line };
}

test("each is one borrower's until it hangs up; no more are started than may be, and who comes later waits", async () => {
  let count = 0;
  lender = await startLender(2, async () => ({ name: ++count }));
  const first = borrow();
  expect(await first.line).toBe('{"name":1}\n');
  expect(await borrow().line).toBe('{"name":2}\n');
  const third = borrow();
  const early = await Promise.race([third.line, new Promise((resolve) => setTimeout(resolve, 50, "waits"))]);
  expect(early).toBe("waits");
  first.call.destroy();
  expect(await third.line).toBe('{"name":1}\n');
  expect(count).toBe(2);
});

test("who gives up waiting takes nothing with it", async () => {
  lender = await startLender(1, async () => ({ name: "only" }));
  const first = borrow();
  await first.line;
  const gone = borrow();
  gone.line.catch(() => undefined);
  const last = borrow();
  await new Promise((resolve) => setTimeout(resolve, 50));
  gone.call.destroy();
  await new Promise((resolve) => setTimeout(resolve, 50));
  first.call.destroy();
  expect(await last.line).toBe('{"name":"only"}\n');
});

test("one that can't be started is told, and tried again for the next", async () => {
  let tries = 0;
  lender = await startLender(1, async () => {
    if (++tries === 1) throw new Error("no port is free");
    return { name: tries };
  });
  expect(await borrow().line).toBe("no port is free\n");
  expect(await borrow().line).toBe('{"name":2}\n');
});
