import type { CallOverrides, Overlay, ScalePart, TrafficPart, WorkloadPart, BasePart } from "../model/parts.ts";
import type { Base, Hash, HomeLane, Lane, Roster, SnapshotPart } from "../model/rows.ts";
import type { KubeObject } from "../objects/meta.ts";
import { revisionLabel } from "./names.ts";
import { rosterIndex, type InForceRows, type Row } from "./rows.ts";

interface PartValues {
  workload: WorkloadPart;
  scale: ScalePart;
  traffic: TrafficPart;
  calls: CallOverrides;
  base: BasePart;
}

/**
 * Reads rows for one object of one cluster and remembers the highest revision among them, so that an object's row
 * revision can't forget a row that it was made from.
 */
export class Reader {
  readonly cluster: string;
  /** Trust domain of the cluster's identities. */
  readonly trustDomain: string;
  readonly #rows: InForceRows;
  #revision = 0;

  constructor(cluster: string, rows: InForceRows, trustDomain: string) {
    this.cluster = cluster;
    this.trustDomain = trustDomain;
    this.#rows = rows;
  }

  /** Highest revision among the rows read so far. */
  get revision(): number {
    return this.#revision;
  }

  roster(app: string): Roster | undefined {
    return this.#take(this.#rows.rosters.get(app));
  }

  /** The app's lane in this cluster. */
  lane(app: string): Lane | undefined {
    return this.#take(this.#rows.lanes.get(this.cluster)?.get(app));
  }

  homeLane(app: string): HomeLane | undefined {
    const lane = this.lane(app);
    return lane?.kind === "home" ? lane : undefined;
  }

  /** Weights and traffic of the app as seen from this cluster: its home lane here, or that of the lead of its reach lane. */
  values(app: string): HomeLane | undefined {
    const lane = this.lane(app);
    if (lane?.kind !== "reach") return lane;
    const lead = this.#take(this.#rows.lanes.get(lane.lead)?.get(app));
    return lead?.kind === "home" ? lead : undefined;
  }

  base(segment: string): BasePart | undefined {
    const row: Base | undefined = this.#take(this.#rows.bases.get(this.cluster)?.get(segment));
    return row === undefined ? undefined : this.part(row.snapshot, "base");
  }

  /** Throws when a row names a snapshot that isn't there, or one of another part: rows are then damaged. */
  part<P extends SnapshotPart["part"]>(hash: Hash, part: P): PartValues[P] {
    const content = this.#rows.snapshots.get(hash);
    if (content?.part !== part)
      throw new Error(
        `snapshot ${hash} is ${content === undefined ? "missing" : `a ${content.part} part`}, not a ${part} part`,
      );
    return content.value as PartValues[P];
  }

  traffic(app: string): TrafficPart | undefined {
    const values = this.values(app);
    return values === undefined ? undefined : this.part(values.traffic, "traffic");
  }

  /** The overlays for an object of the app: a Deployment's are its revision's own. */
  overlayOf(app: string, { kind, metadata }: KubeObject): readonly Overlay[] | undefined {
    if (kind !== "Deployment") return this.traffic(app)?.overlay;
    const hash = this.homeLane(app)?.live[metadata.labels?.[revisionLabel] ?? ""];
    return hash === undefined ? undefined : this.part(hash, "workload").overlay;
  }

  /** Sorted names of the apps with an edge to the callee. */
  callersOf(app: string): readonly string[] {
    return rosterIndex(this.#rows).callers.get(app) ?? [];
  }

  exposersOf(host: string): readonly string[] {
    return rosterIndex(this.#rows).exposers.get(host) ?? [];
  }

  outsideCallersOf(segment: string, host: string): readonly string[] {
    return rosterIndex(this.#rows).outsideCallers.get(`${segment}/${host}`) ?? [];
  }

  #take<T>(row: Row<T> | undefined): T | undefined {
    if (row === undefined) return undefined;
    this.#revision = Math.max(this.#revision, row.revision);
    return row.value;
  }
}
