import { expect, it } from "vitest";
import { suits } from "./open-postgres-store.ts";

const saying = (row: object) =>
  ({ query: () => Promise.resolve({ rows: [row] }) }) as unknown as Parameters<typeof suits>[0];
const good = { version: 150_018, said: "15.18", encoding: "UTF8", standby: false };

it.each([
  [{ version: 140_012, said: "14.12" }, "store-unsupported", "PostgreSQL 14.12. Accepted: 15 or later"],
  [{ encoding: "SQL_ASCII" }, "store-unsupported", "encoding SQL_ASCII. Accepted: UTF8"],
  [{ standby: true }, undefined, "standby"],
])("a server that the store can't stand on is refused: %j", async (found, code, said) => {
  await expect(suits(saying({ ...good, ...found }), "postgres://db/fleet")).rejects.toMatchObject({
    ...(code === undefined ? { name: "StoreUnavailable" } : { code }),
    message: expect.stringContaining(said) as string,
  });
});

it("PostgreSQL 15 and later are taken", async () => {
  await suits(saying(good), "");
  await suits(saying({ ...good, version: 180_004 }), "");
});
