/** Amounts of CPU and memory, written as Kubernetes writes them (reference: "Resource Management for Pods and Containers"). */
export type QuantityUnit = "cpu" | "memory";

const memoryFactor: Record<string, number> = {
  "": 1,
  k: 1e3,
  M: 1e6,
  G: 1e9,
  T: 1e12,
  Ki: 2 ** 10,
  Mi: 2 ** 20,
  Gi: 2 ** 30,
  Ti: 2 ** 40,
};

export const quantityPattern: Record<QuantityUnit, string> = {
  cpu: "^[0-9]+(\\.[0-9]+)?m?$",
  memory: "^[0-9]+(\\.[0-9]+)?(k|M|G|T|Ki|Mi|Gi|Ti)?$",
};

/** Cores for cpu (`250m` → 0.25), bytes for memory. Undefined when the text isn't such an amount. */
export function parseQuantity(unit: QuantityUnit, value: string | number): number | undefined {
  const text = String(value);
  if (!new RegExp(quantityPattern[unit]).test(text)) return undefined;
  if (unit === "cpu") return text.endsWith("m") ? Number(text.slice(0, -1)) / 1000 : Number(text);
  const match = /^([\d.]+)([a-zA-Z]*)$/.exec(text)!;
  return Number(match[1]) * memoryFactor[match[2]!]!;
}

/** What was probably meant: memory `256MB` → `256M`, `1gb` → `1G`, `512mi` → `512Mi`; cpu `250 millicores` → `250m`. */
export function suggestQuantity(unit: QuantityUnit, found: unknown): string | undefined {
  const match = /^\s*(\d+(?:\.\d+)?)\s*([a-zA-Z]+)\s*$/.exec(String(found));
  if (match === null) return undefined;
  const [, number, word] = match;
  if (unit === "cpu") return /^m/i.test(word!) ? `${number}m` : /^c(ore|pu)/i.test(word!) ? number : undefined;
  const letter = word![0]!.toLowerCase();
  if (!"kmgt".includes(letter)) return undefined;
  if (/^.i/i.test(word!)) return `${number}${letter.toUpperCase()}i`;
  return `${number}${letter === "k" ? "k" : letter.toUpperCase()}`;
}
