import { Problem } from "../problem.ts";
import type { Subject } from "./subject.ts";

/** A limit on the callers' side, or a rate limit, that lets more in at once than each replica accepts. */
export function limitAbovePool(subject: Subject): Problem[] {
  return subject.variants().flatMap(({ where, effective: { spec, provenance } }) => {
    const { perCaller, inbound, rateLimits } = spec.traffic!;
    const accepts = inbound?.connectionPool ?? {};
    const pools = (["maxConnections", "maxRequests", "maxPendingRequests"] as const).flatMap((field) => {
      const path = `traffic.perCaller.connectionPool.${field}`;
      const [sends, takes] = [perCaller!.connectionPool![field]!, accepts[field]];
      // The fleet's default is generous on purpose and was nobody's wish.
      if (takes === undefined || sends <= takes || provenance[path] === "default") return [];
      return [
        new Problem(
          "limit-above-pool",
          `One caller may hold ${sends} (${field}), but a replica${where} accepts ${takes} from all of them.`,
          { field: `spec.${path}`, found: sends, accepted: `at most ${takes}` },
        ),
      ];
    });
    const atOnce =
      accepts.maxRequests === undefined ? Infinity : accepts.maxRequests + (accepts.maxPendingRequests ?? 0);
    const rates = (rateLimits ?? []).flatMap(({ scope, unit, requests, per }, index) => {
      if (scope !== "instance" || unit !== "second" || per !== undefined || requests <= atOnce) return [];
      return [
        new Problem(
          "limit-above-pool",
          `${requests} requests may come at once, but a replica${where} accepts ${atOnce}.`,
          { field: `spec.traffic.rateLimits[${index}].requests`, found: requests, accepted: `at most ${atOnce}` },
        ),
      ];
    });
    return [...pools, ...rates];
  });
}
