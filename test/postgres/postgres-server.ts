import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { chmodSync, chownSync, cpSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import pg from "pg";
import { freePort } from "../../src/process/free-port.ts";
import { eventually } from "../harness/eventually.ts";

const root = resolve(import.meta.dirname, "../..");
/** PostgreSQL refuses to run as root: then it runs as nobody. */
const owner = process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {};
/** Has characters that a URL must escape, and is looked for in what is said and logged. */
export const password = "s3cret:/@pass word";

/** A real PostgreSQL 15 of its own on a free loopback port, its data in a temporary folder, gone with the process that started it. */
export class PostgresServer {
  readonly port: number;
  readonly #folder: string;
  readonly #programs: string;
  #process: ChildProcess | undefined;
  #log = "";
  #databases = 0;

  private constructor(folder: string, programs: string, port: number) {
    this.#folder = folder;
    this.#programs = programs;
    this.port = port;
  }

  static async start(): Promise<PostgresServer> {
    const folder = mkdtempSync(join(tmpdir(), "quipu-postgres-"));
    chmodSync(folder, 0o700);
    if (owner.uid !== undefined) chownSync(folder, owner.uid, owner.gid);
    try {
      const server = new PostgresServer(
        folder,
        programs(folder),
        await freePort("127.0.0.1", 25_000 + (process.pid % 5000)),
      );
      server.#initialise();
      await server.up();
      await server.admin(`create role quipu login password '${password}'`);
      return server;
    } catch (error) {
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** Sorts texts as people do (ICU, en-US), unlike SQLite: the store mustn't depend on it. */
  #initialise(): void {
    const secret = join(this.#folder, "password");
    writeFileSync(secret, password, { mode: 0o644 });
    const language = ["--encoding=UTF8", "--locale=C", "--locale-provider=icu", "--icu-locale=en-US"];
    const access = ["--username=postgres", `--pwfile=${secret}`, "--auth-local=trust", "--auth-host=scram-sha-256"];
    const made = spawnSync(
      join(this.#programs, "initdb"),
      ["--pgdata", join(this.#folder, "data"), "--no-sync", ...language, ...access],
      { ...owner, cwd: "/", encoding: "utf8" },
    );
    if (made.status !== 0) throw new Error(`initdb failed: ${made.error?.message ?? made.stderr}`);
  }

  /** Starts it and waits until it answers. */
  async up(): Promise<void> {
    const settings = { fsync: "off", full_page_writes: "off", shared_buffers: "32MB", listen_addresses: "127.0.0.1" };
    const flags = Object.entries(settings).flatMap(([key, value]) => ["-c", `${key}=${value}`]);
    // The shell waits for the end of its input, which comes with ours, however that is: unless told to, nothing is kept.
    const child = spawn(
      "/bin/sh",
      [
        "-c",
        '"$@" & read -r word; kill -INT $!; wait $!; [ "$word" = keep ] || rm -rf "$0"',
        this.#folder,
        join(this.#programs, "postgres"),
      ].concat(["-D", join(this.#folder, "data"), "-k", this.#folder, "-p", String(this.port)], flags),
      { ...owner, cwd: "/", stdio: ["pipe", "pipe", "pipe"] },
    );
    for (const stream of [child.stdout, child.stderr])
      stream.on("data", (chunk: Buffer) => (this.#log = (this.#log + chunk.toString()).slice(-20_000)));
    this.#process = child;
    await eventually(async () => {
      await this.admin("select 1").catch((error: Error) => {
        throw new Error(`PostgreSQL doesn't answer: ${error.message}\n${this.#log}`);
      });
    }, 60_000);
  }

  /** Ends it as its operator would: connections are closed at once, transactions undone. */
  async down(): Promise<void> {
    const child = this.#process;
    this.#process = undefined;
    if (child === undefined || child.exitCode !== null) return;
    const ended = new Promise((done) => child.once("exit", done));
    child.stdin?.end("keep\n");
    await ended;
  }

  async stop(): Promise<void> {
    await this.down();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** As the superuser. */
  async admin(text: string, database = "postgres"): Promise<Record<string, unknown>[]> {
    const client = new pg.Client({ host: "127.0.0.1", port: this.port, user: "postgres", password, database });
    client.on("error", () => undefined);
    await client.connect();
    try {
      return (await client.query(text)).rows as Record<string, unknown>[];
    } finally {
      await client.end();
    }
  }

  /** A fresh database of the role `quipu`, which owns it and nothing else. */
  async database(): Promise<string> {
    this.#databases += 1;
    await this.admin(`create database quipu${this.#databases} owner quipu`);
    return this.url(`quipu${this.#databases}`);
  }

  url(database: string, secret = password): string {
    return `postgres://quipu:${encodeURIComponent(secret)}@127.0.0.1:${this.port}/${database}`;
  }

  /** Ends the sessions of a database, as an operator would; `which`: a condition on pg_stat_activity. */
  async killSessions(url: string, which = "true"): Promise<number> {
    const database = new URL(url).pathname.slice(1);
    const killed = await this.admin(
      `select pg_terminate_backend(pid) from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid() and (${which})`,
    );
    return killed.length;
  }

  /** How many sessions there are of that kind. */
  async sessions(url: string, which: string): Promise<number> {
    const database = new URL(url).pathname.slice(1);
    const found = await this.admin(
      `select pid from pg_stat_activity where datname = '${database}' and pid <> pg_backend_pid() and (${which})`,
    );
    return found.length;
  }
}

/** The folder of PostgreSQL's programs, where whoever runs them can. */
function programs(folder: string): string {
  const found = process.env["QUIPU_POSTGRES"] ?? execFileSync(join(root, ".ci/postgres"), { encoding: "utf8" }).trim();
  const runs = (bin: string): boolean =>
    spawnSync(join(bin, "postgres"), ["--version"], { ...owner, cwd: "/" }).status === 0;
  if (runs(found)) return found;
  // In a cache below a home that nobody else may enter.
  cpSync(join(found, ".."), join(folder, "programs"), { recursive: true, verbatimSymlinks: true });
  return join(folder, "programs", "bin");
}
