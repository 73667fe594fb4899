/** Credentials that something else keeps fresh on disk: a pod's service-account token, a rotated client certificate. */
import { readFile as read } from "node:fs/promises";
import type { CredentialSource, Presented } from "./credentials.ts";
import type { KubeConnection } from "./kube-connection.ts";

export type ReadFile = (path: string) => Promise<string>;
type Files = NonNullable<KubeConnection["files"]>;

/** As client-go reads tokens: often enough for those that live ten minutes. */
const rereadMs = 60_000;
/** After a 401 sooner, but not with each of a hundred requests. */
const soonestMs = 1_000;

export class FileCredentials implements CredentialSource {
  readonly #files: Files;
  readonly #readFile: ReadFile;
  #found: Partial<Presented> = {};
  #readAt = -Infinity;
  #refused = false;
  #reading: Promise<void> | undefined;

  constructor(files: Files, readFile: ReadFile = (path) => read(path, "utf8")) {
    this.#files = files;
    this.#readFile = readFile;
  }

  async present(now: number): Promise<Partial<Presented>> {
    const age = now - this.#readAt;
    if (age >= rereadMs || (this.#refused && age >= soonestMs)) {
      this.#refused = false;
      this.#reading ??= this.#read(now).finally(() => {
        this.#reading = undefined;
      });
    }
    await this.#reading;
    return this.#found;
  }

  refused(): void {
    this.#refused = true;
  }

  /** A file that can't be read, or is being written, leaves what was read before: it may well be good still. */
  async #read(now: number): Promise<void> {
    const text = async (path: string | undefined): Promise<string | undefined> => {
      if (path === undefined) return undefined;
      return this.#readFile(path).catch(() => undefined);
    };
    const { ca, cert, key, token } = this.#files;
    const [newCa, newCert, newKey, newToken] = await Promise.all([ca, cert, key, token].map(text));
    this.#readAt = now;
    const found: Partial<Presented> = { ...this.#found };
    if (newCa?.includes("-----BEGIN ")) found.ca = newCa;
    // Only as a pair; one of them inline means that neither is rotated.
    if (newCert?.includes("-----BEGIN ") && newKey?.includes("-----BEGIN ")) {
      found.cert = newCert;
      found.key = newKey;
    }
    const trimmed = newToken?.trim();
    if (trimmed) {
      found.token = trimmed;
      found.source = `the file ${token}`;
    }
    this.#found = found;
  }
}
