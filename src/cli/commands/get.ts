import type { ApiClient } from "../api-client.ts";
import { pluralOf } from "../kind-names.ts";
import { type Column, type OutputFormat, age, render, table } from "../output.ts";
import { splitOutput } from "../release-wait.ts";
import { withClient } from "../with-client.ts";

export interface GetOptions {
  output: OutputFormat;
  team?: string;
  segment?: string;
  cluster?: string;
  query?: string;
}

interface Condition {
  type: string;
  status: string;
  reason?: string;
  message?: string;
}
export interface Item {
  kind: string;
  metadata: { name: string; labels?: Record<string, string>; creationTimestamp?: string };
  spec: Record<string, unknown>;
  status?: { conditions?: Condition[] } & Record<string, unknown>;
}

export async function get(kind: string, name: string | undefined, options: GetOptions): Promise<void> {
  const plural = pluralOf(kind);
  await withClient(async (client) => {
    if (name !== undefined) {
      const item = await client.get<Item>(`/api/v1/${plural}/${encodeURIComponent(name)}`);
      print([item], plural, options.output, true);
      return;
    }
    print(await itemsOf(client, plural, options), plural, options.output, false);
  });
}

export async function itemsOf(
  client: ApiClient,
  plural: string,
  { team, segment, cluster, query: q }: Partial<GetOptions>,
): Promise<Item[]> {
  const items: Item[] = [];
  for await (const item of client.list<Item>(`/api/v1/${plural}`, { team, segment, cluster, q })) items.push(item);
  return items;
}

function print(items: readonly Item[], plural: string, output: OutputFormat, single: boolean): void {
  if (output === "json" || output === "yaml") console.log(render(single ? items[0] : { items }, output));
  else if (output === "name") for (const item of items) console.log(`${plural}/${item.metadata.name}`);
  else if (items.length === 0)
    console.log(`No ${plural}.${plural === "apps" ? " Declare one: quipu apply -f app.yaml" : ""}`);
  else console.log(table(items, columnsOf(plural)));
}

const text = (value: unknown): string =>
  value === undefined || value === null || value === ""
    ? "–"
    : typeof value === "string"
      ? value
      : typeof value === "number"
        ? String(value)
        : JSON.stringify(value);
const spec = (header: string, field: string): Column<Item> => ({ header, value: (item) => text(item.spec[field]) });
const status = (header: string, field: string): Column<Item> => ({
  header,
  value: (item) => text(item.status?.[field]),
});
const name: Column<Item> = { header: "NAME", value: (item) => item.metadata.name };
const ready: Column<Item> = { header: "READY", value: (item) => readiness(item) };
const since: Column<Item> = {
  header: "AGE",
  value: (item) =>
    item.metadata.creationTimestamp === undefined ? "–" : age(Date.parse(item.metadata.creationTimestamp), Date.now()),
  align: "right",
};

/** The Ready condition in a word: "yes", else its reason. */
function readiness(item: Item): string {
  const condition = item.status?.conditions?.find(({ type }) => type === "Ready");
  if (condition === undefined) return "–";
  return condition.status === "True" ? "yes" : (condition.reason ?? condition.status.toLowerCase());
}

export function columnsOf(plural: string): Column<Item>[] {
  switch (plural) {
    case "apps":
      return [
        name,
        spec("TEAM", "team"),
        spec("SEGMENT", "segment"),
        status("REVISION", "revision"),
        { header: "PODS", value: pods, align: "right" },
        ready,
        since,
      ];
    case "clusters":
      return [
        name,
        spec("REGION", "region"),
        spec("ZONE", "zone"),
        ready,
        { header: "PODS", value: pods, align: "right" },
        {
          header: "LABELS",
          value: (item) =>
            Object.entries(item.metadata.labels ?? {})
              .map(([key, value]) => `${key}=${value}`)
              .join(",") || "–",
        },
        since,
        { header: "PROBLEM", value: (item) => brief(item.status?.error) },
      ];
    case "releases":
      return [
        name,
        spec("APP", "app"),
        { header: "RELEASE", value: (item) => text(item.spec.number), align: "right" },
        status("REVISION", "revision"),
        { header: "PARTS", value: (item) => ((item.spec.parts ?? []) as string[]).join(",") || "–" },
        status("PHASE", "phase"),
        { header: "REASON", value: (item) => brief(item.status?.reason) },
        since,
      ];
    default:
      return [name, since];
  }
}

/** Without what the app wrote, and no longer than a line bears; -o yaml has all of it. */
function brief(reason: unknown): string {
  if (typeof reason !== "string") return "–";
  const [line = ""] = splitOutput(reason).text.split("\n");
  return line.length > 90 ? `${line.slice(0, 89)}…` : line;
}

function pods(item: Item): string {
  const { ready: up, total } = (item.status?.pods ?? {}) as { ready?: number; total?: number };
  return total === undefined ? "–" : `${up ?? 0}/${total}`;
}
