import { createHash } from "node:crypto";
import { sql, type Expression, type ExpressionBuilder, type SqlBool } from "kysely";
import { checked, insert, upsert, type Db } from "./table.ts";
import type { ObjectsTable, Tables } from "./schema.ts";
import type { ListQuery, ObjectBody, ObjectKind, Page, PutOptions, SortField, StoredObject } from "./store.ts";
import { RevisionConflict } from "./store-error.ts";
import { Problem } from "../model/problem.ts";

const hashOf = (value: unknown): string =>
  createHash("sha256")
    .update(JSON.stringify(value) ?? "")
    .digest("hex")
    .slice(0, 32);

function stored(row: ObjectsTable): StoredObject {
  const { kind, name, revision, generation, created, updated, body } = row;
  return {
    kind: kind as ObjectKind,
    name,
    revision,
    generation,
    created,
    updated,
    body: JSON.parse(body) as ObjectBody,
  };
}

async function rowOf(db: Db, kind: ObjectKind, name: string): Promise<ObjectsTable | undefined> {
  return checked(
    "objects",
    await db.selectFrom("objects").selectAll().where("kind", "=", kind).where("name", "=", name).execute(),
  )[0];
}

export async function getObject(db: Db, kind: ObjectKind, name: string): Promise<StoredObject | undefined> {
  const row = await rowOf(db, kind, name);
  return row && stored(row);
}

export async function allObjects(db: Db, kind: ObjectKind): Promise<StoredObject[]> {
  return checked(
    "objects",
    await db.selectFrom("objects").selectAll().where("kind", "=", kind).orderBy("name").execute(),
  ).map(stored);
}

function text(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The object as it stands after the write, and whether anything was written. */
export async function putObject(
  db: Db,
  body: ObjectBody,
  options: PutOptions,
  next: number,
  now: number,
): Promise<{ object: StoredObject; changed: boolean }> {
  const kind = body.kind as ObjectKind;
  const { name } = body.metadata;
  const before = await rowOf(db, kind, name);
  if (options.expected !== undefined && options.expected !== (before?.revision ?? 0))
    throw new RevisionConflict(`${kind}/${name}`, options.expected, before?.revision);
  const json = JSON.stringify(body);
  const specHash = hashOf(body.spec);
  const moved = options.clusters !== undefined && (await putClusters(db, kind, name, options.clusters));
  if (before !== undefined && before.body === json && !moved) return { object: stored(before), changed: false };
  const labels = Object.entries(body.metadata.labels ?? {})
    .map(([key, value]) => `${key}=${value}`)
    .join(" ");
  const row = {
    kind,
    name,
    revision: next,
    created: before?.created ?? now,
    updated: now,
    spec_hash: specHash,
    body: json,
    generation: before === undefined ? 1 : before.spec_hash === specHash ? before.generation : before.generation + 1,
    team: options.team ?? (kind === "Team" ? name : kept(kind, body.spec.team, before?.team)),
    segment: options.segment ?? (kind === "Segment" ? name : kept(kind, body.spec.segment, before?.segment)),
    owner: text(body.spec.app),
    search: `${name} ${labels}`.toLowerCase(),
  };
  await upsert(db, "objects", ["kind", "name"], row);
  return { object: stored({ ...row, sum: "" }), changed: true };
}

/** A Release's spec says neither team nor segment: they stay as they were given first. */
function kept(kind: ObjectKind, said: unknown, before: string | undefined): string {
  return kind === "Release" ? (before ?? "") : text(said);
}

async function putClusters(db: Db, kind: ObjectKind, name: string, clusters: readonly string[]): Promise<boolean> {
  const wanted = [...new Set(clusters)].sort();
  const found = checked(
    "object_clusters",
    await db
      .selectFrom("object_clusters")
      .selectAll()
      .where("kind", "=", kind)
      .where("name", "=", name)
      .orderBy("cluster")
      .execute(),
  );
  if (wanted.join() === found.map((row) => row.cluster).join()) return false;
  await db.deleteFrom("object_clusters").where("kind", "=", kind).where("name", "=", name).execute();
  for (const cluster of wanted) await insert(db, "object_clusters", { kind, name, cluster });
  return true;
}

export async function deleteObject(
  db: Db,
  kind: ObjectKind,
  name: string,
  expected?: number,
): Promise<StoredObject | undefined> {
  const before = await rowOf(db, kind, name);
  if (expected !== undefined && expected !== (before?.revision ?? 0))
    throw new RevisionConflict(`${kind}/${name}`, expected, before?.revision);
  if (before === undefined) return undefined;
  await db.deleteFrom("objects").where("kind", "=", kind).where("name", "=", name).execute();
  await db.deleteFrom("object_clusters").where("kind", "=", kind).where("name", "=", name).execute();
  return stored(before);
}

/** Whether the text has `part` in it, as it is: in a pattern three characters mean something else. */
function holds(text: Expression<string>, part: string): Expression<SqlBool> {
  return sql<SqlBool>`${text} like ${`%${part.replace(/[%_\\]/g, "\\$&")}%`} escape '\\'`;
}

interface Cursor {
  sort: string;
  value: string | number;
  name: string;
}

function readCursor(token: string, sort: string): Cursor {
  try {
    const cursor = JSON.parse(Buffer.from(token, "base64url").toString()) as Cursor;
    if (
      cursor.sort === sort &&
      typeof cursor.name === "string" &&
      (typeof cursor.value === "string" || typeof cursor.value === "number")
    )
      return cursor;
  } catch {
    /* told below */
  }
  throw new Problem("bad-format", "The continue token isn't one that this list gave.", {
    status: 400,
    field: "continue",
    found: token,
    accepted: "the continue of the page before, with the same sort",
  });
}

/** One page by key, not by offset: what is written meanwhile shifts nothing. */
export async function listObjects(db: Db, kind: ObjectKind, query: ListQuery, revision: number): Promise<Page> {
  const sort = query.sort ?? "name";
  const down = sort.startsWith("-");
  const field = (down ? sort.slice(1) : sort) as SortField;
  const limit = Math.min(Math.max(query.limit ?? 100, 1), 500);
  const matching = (eb: ExpressionBuilder<Tables, "objects">) => {
    const all: Expression<SqlBool>[] = [eb("kind", "=", kind)];
    if (query.team !== undefined) all.push(eb("team", "=", query.team));
    if (query.segment !== undefined) all.push(eb("segment", "=", query.segment));
    if (query.owner !== undefined) all.push(eb("owner", "=", query.owner));
    if (query.q !== undefined)
      for (const word of query.q.toLowerCase().split(/\s+/)) all.push(holds(eb.ref("search"), word));
    if (query.cluster !== undefined)
      all.push(
        eb(
          "name",
          "in",
          eb.selectFrom("object_clusters").select("name").where("kind", "=", kind).where("cluster", "=", query.cluster),
        ),
      );
    return eb.and(all);
  };
  const { total } = await db
    .selectFrom("objects")
    .where(matching)
    .select((eb) => eb.fn.countAll<number>().as("total"))
    .executeTakeFirstOrThrow();
  let page = db.selectFrom("objects").selectAll().where(matching);
  if (query.continue !== undefined) {
    const { value, name } = readCursor(query.continue, sort);
    const beyond = down ? "<" : ">";
    page = page.where(
      (eb) =>
        eb.or([
          eb(field, beyond, value as string),
          eb.and([eb(field, "=", value as string), eb("name", beyond, name)]),
        ]) as ReturnType<typeof eb.and> & SqlBool,
    );
  }
  const rows = checked(
    "objects",
    await page
      .orderBy(field, down ? "desc" : "asc")
      .orderBy("name", down ? "desc" : "asc")
      .limit(limit + 1)
      .execute(),
  );
  const items = rows.slice(0, limit);
  const last = items.at(-1);
  const more = rows.length > limit && last !== undefined;
  return {
    items: items.map(stored),
    total: Number(total),
    revision,
    ...(more && {
      continue: Buffer.from(JSON.stringify({ sort, value: last[field], name: last.name } satisfies Cursor)).toString(
        "base64url",
      ),
    }),
  };
}
