import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type ApiGround, startApi } from "./api-ground.ts";

describe("the stream of changes", () => {
  let api: ApiGround;
  beforeEach(async () => {
    api = await startApi();
  });
  afterEach(() => api.stop());

  it("streams changes, and goes on where a client was cut off", async () => {
    const address = await api.server.listen({ port: 0, host: "127.0.0.1" });
    const events = async (
      headers: Record<string, string>,
      until: (data: any) => boolean,
      act?: () => Promise<unknown>,
    ) => {
      const stop = new AbortController();
      const response = await fetch(`${address}/api/v1/events?kinds=App`, {
        headers: { authorization: "Bearer admin", ...headers },
        signal: stop.signal,
      });
      const found: { id: string | undefined; event: string; data: any }[] = [];
      let text = "";
      let acted: Promise<unknown> | undefined;
      for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
        text += chunk;
        for (let end = text.indexOf("\n\n"); end >= 0; end = text.indexOf("\n\n")) {
          const fields = Object.fromEntries(
            text
              .slice(0, end)
              .split("\n")
              .map((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
          );
          text = text.slice(end + 2);
          if (fields.event === undefined) continue;
          found.push({ id: fields.id, event: fields.event, data: JSON.parse(fields.data!) });
          if (fields.event === "hello") acted = act?.();
          if (fields.event === "change" && until(found.at(-1)!.data)) {
            await acted;
            stop.abort();
            return found.filter((each) => each.event === "change");
          }
        }
      }
      return found;
    };
    const first = await events(
      {},
      (data) => data.name === "b",
      async () => {
        await api.put("a");
        await api.put("b");
      },
    );
    expect(first.map(({ data }) => data.name)).toEqual(["a", "b"]);
    expect(first[0]!.data.object.metadata.resourceVersion).toBe(String(first[0]!.data.revision));
    await api.put("c");
    const second = await events({ "last-event-id": first[0]!.id! }, (data) => data.name === "c");
    expect(second.map(({ data }) => data.name)).toEqual(["b", "c"]);
    expect((await api.get("/api/v1/events?after=x")).status).toBe(400);
  });
});
