import type { ClusterLink } from "../fleet/cluster-link.ts";
import { IstiodForbids, IstiodsUnknown, type IstiodAccess } from "../istiod/access.ts";
import { concernOf, type Selector } from "../istiod/concerns.ts";
import { Replica } from "../istiod/replica.ts";
import { StepQuestion } from "../istiod/step-question.ts";
import { told } from "../istiod/told.ts";
import { systemClock } from "../kube/clock.ts";
import { NotYet, type AskMode, type MeshProvider } from "../release/acknowledge.ts";
import { UnprovenMesh } from "../release/unproven-mesh.ts";
import type { Acknowledgement } from "../rollout/gates.ts";
import type { InForce } from "../store/in-force.ts";
import { stepObject, surroundings } from "./istiod-objects.ts";
import { KnownPods } from "./known-pods.ts";
import { meshObjectsOf, podsOf } from "./mesh-objects.ts";

export interface IstiodMeshOptions {
  access: IstiodAccess;
  link: Pick<ClusterLink, "desired" | "kube">;
  inForce(): Pick<InForce, "revision" | "rosters">;
  /** How long a step waits where nothing can be proven, in ms. */
  waitMs: number;
  /** Monotonic, ms. */
  now(): number;
}

/** Between looks at what has been rejected, while no step asks; where they don't let anybody look, or can't be asked. */
const lookMs = 30_000;
const forbiddenMs = 300_000;

/** What istiods tell of a cluster's proxies (docs/istiod.md). Where they don't let anybody ask, a wait that is told as such. */
export class IstiodMesh implements MeshProvider {
  readonly #options: IstiodMeshOptions;
  readonly #pods: KnownPods;
  readonly #replicas = new Map<string, Replica>();
  /** The step that is asked for, by app. */
  readonly #steps = new Map<string, { step: string; question: Promise<StepQuestion | undefined> }>();
  readonly #closed = new AbortController();
  /** While nobody may ask. */
  #unproven: UnprovenMesh | undefined;

  constructor(options: IstiodMeshOptions) {
    this.#options = options;
    this.#pods = new KnownPods(options.link.kube);
    void this.#lookOn(this.#closed.signal);
  }

  /** What proxies reject while nobody asks isn't the next step's doing: that has to be known before it. */
  async #lookOn(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const isWell = await this.#look().then(
        () => true,
        () => false,
      );
      await systemClock.sleep(isWell ? lookMs : forbiddenMs, signal);
    }
  }

  async #look(): Promise<void> {
    await Promise.all((await this.#found()).map((replica) => replica.look(lookMs)));
  }

  async ask(app: string, revision: number, mode: AskMode): Promise<Acknowledgement> {
    try {
      const question = await this.#question(app, revision, mode);
      if (question === undefined) return { done: true, evidence: "nothing for proxies in it" };
      const answer = await question.ask(await this.#found());
      this.#unproven = undefined;
      return told(answer, mode, this.#options.waitMs);
    } catch (error) {
      const { message } = error as Error;
      if (error instanceof NotYet) return { done: false, evidence: message };
      if (!(error instanceof IstiodForbids) && !(error instanceof IstiodsUnknown))
        return { done: false, evidence: `its istiods can't be asked: ${message}` };
      const { now, waitMs } = this.#options;
      this.#unproven ??= new UnprovenMesh(message, now, waitMs);
      return this.#unproven.ask(app, revision, mode);
    }
  }

  /** Made once for each step: the worker has applied it before anybody asks. */
  #question(app: string, revision: number, mode: AskMode): Promise<StepQuestion | undefined> {
    const step = `${revision}/${mode}`;
    const known = this.#steps.get(app);
    if (known?.step === step) return known.question;
    const question = this.#made(app, revision, mode);
    this.#steps.set(app, { step, question });
    question.catch(() => this.#steps.get(app)?.question === question && this.#steps.delete(app));
    return question;
  }

  async #made(app: string, revision: number, mode: AskMode): Promise<StepQuestion | undefined> {
    const { link, inForce, now, waitMs } = this.#options;
    const objects = (await meshObjectsOf(link, app, revision, mode)).map(stepObject);
    if (objects.length === 0) return undefined;
    // Which endpoints istiod knows it doesn't tell; that they are there is the least.
    await podsOf(link, app);
    const around = surroundings(link.desired.objects(), mode === "remove" ? inForce().rosters : new Map());
    const concerns = objects.map((object) => concernOf(object, around));
    const selectors: Selector[] = concerns.flatMap((concern) => concern.selectors);
    const workloads = (connected: readonly string[]) => this.#pods.workloads(selectors, connected);
    return new StepQuestion({ concerns, revision, workloads, waitMs, now });
  }

  async #found(): Promise<Replica[]> {
    const { access, inForce, now } = this.#options;
    const names = await access.replicas();
    for (const name of this.#replicas.keys()) if (!names.includes(name)) this.#replicas.delete(name);
    return names.map((name) => {
      const known = this.#replicas.get(name) ?? new Replica(name, { access, now, revision: () => inForce().revision });
      this.#replicas.set(name, known);
      return known;
    });
  }

  close(): Promise<void> {
    this.#steps.clear();
    this.#closed.abort();
    return Promise.resolve();
  }
}
