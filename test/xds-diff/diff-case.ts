/** One case: what both meshes send the same proxies for the same objects, put side by side. */
import type { FileRegistry } from "@bufbuild/protobuf";
import { setTimeout as delay } from "node:timers/promises";
import type { Proxy } from "../../src/mesh/resource.ts";
import type { KubeObject } from "../../src/objects/meta.ts";
import type { DiffCase } from "./case.ts";
import { applyObjects, deleteObjects } from "./cluster.ts";
import { compare, type Difference } from "./compare.ts";
import type { DiffBed } from "./diff-bed.ts";
import { ProxyClient, type ProxyConfig } from "./proxy-client.ts";
import { ruleFor, type Rule } from "./rules.ts";
import { unitsOf, type Units } from "./units.ts";

export interface Found extends Difference {
  readonly proxy: string;
  readonly part: string;
  /** Undefined: nobody has accepted it. */
  readonly rule: Rule | undefined;
}

export interface CaseReport {
  /** Parts that at least one side has. */
  readonly parts: number;
  /** Values that are the same. */
  readonly equal: number;
  readonly found: readonly Found[];
  /** Objects that the cluster refused, and why. */
  readonly refused: readonly string[];
}

/** A control plane has said all that it will when nothing has come for so long. */
const quietMs = 1000;
/** How long differences that nobody accepts may be those of a control plane that isn't there yet. */
const patienceMs = 30_000;

export async function diffCase(
  bed: DiffBed,
  registry: FileRegistry,
  { objects: wanted, proxies }: DiffCase,
  rules: readonly Rule[],
): Promise<CaseReport> {
  const { objects, refused } = await applyObjects(bed.client, wanted);
  try {
    const deadline = Date.now() + patienceMs;
    for (;;) {
      const report = { ...(await look(bed, registry, proxies, objects, rules)), refused };
      const settled = report.found.every(({ rule }) => rule !== undefined);
      if (settled || Date.now() > deadline) return report;
      await delay(quietMs);
    }
  } finally {
    await deleteObjects(bed.client, objects);
  }
}

async function look(
  { istiod, quipu }: DiffBed,
  registry: FileRegistry,
  proxies: readonly Proxy[],
  objects: readonly KubeObject[],
  rules: readonly Rule[],
): Promise<Omit<CaseReport, "refused">> {
  const reports = await Promise.all(
    proxies.map(async (proxy) => {
      const [a, b] = await Promise.all([istiod, quipu].map((address) => configOf(address, proxy, registry)));
      return sideBySide(proxy, unitsOf("istiod", a!, proxy, objects), unitsOf("quipu", b!, proxy, objects), rules);
    }),
  );
  return {
    parts: reports.reduce((sum, { parts }) => sum + parts, 0),
    equal: reports.reduce((sum, { equal }) => sum + equal, 0),
    found: reports.flatMap(({ found }) => found),
  };
}

async function configOf(address: string, proxy: Proxy, registry: FileRegistry): Promise<ProxyConfig> {
  const client = new ProxyClient(address, proxy, registry);
  try {
    return await client.quiet(quietMs);
  } finally {
    client.close();
  }
}

function sideBySide(proxy: Proxy, istiod: Units, quipu: Units, rules: readonly Rule[]): Omit<CaseReport, "refused"> {
  const parts = [...new Set([...istiod.keys(), ...quipu.keys()])];
  const compared = parts.map((part) => ({ part, ...compare(istiod.get(part), quipu.get(part)) }));
  return {
    parts: parts.length,
    equal: compared.reduce((sum, { equal }) => sum + equal, 0),
    found: compared.flatMap(({ part, differences }) =>
      differences.map((difference) => ({
        ...difference,
        ...{ part, proxy: `${proxy.name}.${proxy.namespace}` },
        rule: ruleFor(rules, proxy.role, part, difference),
      })),
    ),
  };
}

/** A difference in a few lines. */
export function describeFound({ proxy, part, field, how, istiod, quipu }: Found): string {
  const shown = (value: unknown) => {
    const text = JSON.stringify(value) ?? "nothing";
    return text.length > 400 ? `${text.slice(0, 400)}…` : text;
  };
  const where = `${proxy}: ${part}${field === "" ? "" : ` › ${field}`}`;
  if (how === "only istiod") return `${where}\n    only istiod: ${shown(istiod)}`;
  if (how === "only quipu") return `${where}\n    only quipu: ${shown(quipu)}`;
  return `${where}${how === "order" ? " (order)" : ""}\n    istiod: ${shown(istiod)}\n    quipu:  ${shown(quipu)}`;
}
