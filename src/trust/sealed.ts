/**
 * Secrets at rest: AES-256-GCM under a key that scrypt derives from a passphrase or from a random key file.
 * The parameters travel with the ciphertext, so that they can be raised later.
 */
import { createCipheriv, createDecipheriv, randomBytes, scrypt } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { TrustError } from "./trust-error.ts";
import { errorCode, writePrivate } from "./private-file.ts";

export interface Sealed {
  format: "quipu-sealed/1";
  kdf: "scrypt";
  N: number;
  r: number;
  p: number;
  salt: string;
  iv: string;
  tag: string;
  data: string;
}

/** 2^15 blocks of 1 KiB: 32 MiB and some 60 ms, which is spent once when a key is opened. */
const cost = { N: 2 ** 15, r: 8, p: 1 };
/** Above this a damaged or hostile file could make the opener take all memory. */
const greatestN = 2 ** 20;

export async function seal(secret: string, passphrase: string): Promise<Sealed> {
  const salt = randomBytes(16);
  const iv = randomBytes(12);
  const cipher = createCipheriv("aes-256-gcm", await derive(passphrase, salt, cost), iv);
  const data = Buffer.concat([cipher.update(secret, "utf8"), cipher.final()]);
  return {
    format: "quipu-sealed/1",
    kdf: "scrypt",
    ...cost,
    salt: salt.toString("base64"),
    iv: iv.toString("base64"),
    tag: cipher.getAuthTag().toString("base64"),
    data: data.toString("base64"),
  };
}

/** Throws `trust/wrong-passphrase` when the passphrase, or any byte of the sealed text, is another. */
export async function unseal(sealed: Sealed, passphrase: string): Promise<string> {
  const { N, r, p } = sealed;
  if (
    sealed.format !== "quipu-sealed/1" ||
    sealed.kdf !== "scrypt" ||
    !(N > 1 && N <= greatestN) ||
    r !== 8 ||
    p !== 1
  ) {
    throw new TrustError("trust/damaged", "the sealed key has an unknown format", {
      field: "format",
      found: `${sealed.format} ${sealed.kdf} N=${N} r=${r} p=${p}`,
      accepted: "quipu-sealed/1 scrypt",
    });
  }
  const key = await derive(passphrase, Buffer.from(sealed.salt, "base64"), { N, r, p });
  try {
    const decipher = createDecipheriv("aes-256-gcm", key, Buffer.from(sealed.iv, "base64"), { authTagLength: 16 });
    decipher.setAuthTag(Buffer.from(sealed.tag, "base64"));
    return decipher.update(Buffer.from(sealed.data, "base64"), undefined, "utf8") + decipher.final("utf8");
  } catch (cause) {
    throw new TrustError(
      "trust/wrong-passphrase",
      "the key can't be opened: wrong passphrase or key file, or the file was changed",
      { cause },
    );
  }
}

function derive(passphrase: string, salt: Buffer, { N, r, p }: { N: number; r: number; p: number }): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize("NFKC"), salt, 32, { N, r, p, maxmem: 256 * N * r }, (error, key) =>
      error ? reject(error) : resolve(key),
    );
  });
}

/** The passphrase in a file. Throws `trust/missing` or `trust/damaged`. */
export async function passphraseFromFile(path: string): Promise<string> {
  let text: string;
  try {
    text = (await readFile(path, "utf8")).trim();
  } catch (cause) {
    if (errorCode(cause) === "ENOENT")
      throw new TrustError("trust/missing", `the key file ${path} doesn't exist`, { field: path, cause });
    throw cause;
  }
  if (text.length < 16)
    throw new TrustError("trust/damaged", `${path} holds no usable key`, {
      field: path,
      found: `${text.length} characters`,
      accepted: "at least 16",
    });
  return text;
}

/** The same, where a file that doesn't exist is first made with 32 random bytes (0600). For sealing only: opening must never make a key. */
export async function ensurePassphraseFile(path: string): Promise<string> {
  try {
    await stat(path);
  } catch (error) {
    if (errorCode(error) !== "ENOENT") throw error;
    try {
      writePrivate(path, `${randomBytes(32).toString("base64url")}\n`, { exclusive: true, durable: true });
    } catch (failed) {
      // Somebody else made it first: theirs counts.
      if (errorCode(failed) !== "EEXIST") throw failed;
    }
  }
  return passphraseFromFile(path);
}
