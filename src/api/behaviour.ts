import type { InForce } from "../store/in-force.ts";
import { behaviourDiff, type BehaviourDifference, type Compared } from "./behaviour-diff.ts";
import { edgesOf } from "./behaviour-edges.ts";
import { edgeRequests, hostRequests, outsideRequests, type Asked, type Question } from "./behaviour-requests.ts";
import type { Explanation } from "./behaviour-words.ts";
import type { ApiContext } from "./context.ts";

export interface BehaviourChange {
  app: string;
  cluster: string;
  /** What the cluster would be given, and what would be taken from it (`changedObjects`). */
  put: readonly object[];
  remove: readonly { kind: string; namespace: string; name: string }[];
  before: InForce;
  after: InForce;
}

export interface Behaviour {
  differences: BehaviourDifference[];
  /** What couldn't be told, in words. */
  unknown: string[];
}

/** What a mesh process takes in one trial. */
const questionsAtOnce = 500;
/** Of one app in one cluster; access comes first. */
const mostQuestions = 2000;

/**
 * Which requests an app's change makes end otherwise in one cluster: over every declared edge of the app, as caller and
 * as callee, at the gateway and to hosts outside, explained by the cluster's mesh as things are and as they would be.
 * Nothing is sent, nothing changes.
 */
export async function behaviourOf(
  { app, cluster, put, remove, before, after }: BehaviourChange,
  trial: NonNullable<ApiContext["trial"]> | undefined,
): Promise<Behaviour> {
  const { edges, hosts, outside } = edgesOf(app, cluster, before, after);
  const wanted = [
    ...edges.flatMap(edgeRequests),
    ...hosts.flatMap(hostRequests),
    ...outside.map(outsideRequests),
  ].toSorted((a, b) => Number(a.about !== "access") - Number(b.about !== "access"));
  const unknown = new Set<string>();
  if (wanted.length > mostQuestions)
    unknown.add(`${wanted.length - mostQuestions} of ${wanted.length} requests weren't compared: there are too many`);
  const asked = wanted.slice(0, mostQuestions);
  if (asked.length === 0 || put.length + remove.length === 0) return { differences: [], unknown: [...unknown] };
  const compared: Compared[] = [];
  for (const { questions, requests } of trialsOf(asked)) {
    const answer = await trial?.(cluster, { put, remove, questions });
    const answers = answer?.status === 200 ? (answer.body as { answers?: Answer[] }).answers : undefined;
    if (answers === undefined) {
      const detail = (answer?.body as { detail?: string } | undefined)?.detail;
      unknown.add(`The mesh of ${cluster} ${detail === undefined ? "doesn't answer" : `says: ${detail}`}`);
      break;
    }
    for (const { request, at, afterAt } of requests) {
      const [was, is] = [answers[at]?.before, answers[afterAt]?.after];
      if (was && is) {
        compared.push({ asked: request, before: was, after: is });
        for (const words of [...was.unknown, ...is.unknown]) unknown.add(words);
      } else
        unknown.add(
          `${request.caller} → ${request.callee}: nothing can be told before both have a ready replica in ${cluster}`,
        );
    }
  }
  return { differences: behaviourDiff(compared), unknown: [...unknown].toSorted() };
}

interface Answer {
  before: Explanation | null;
  after: Explanation | null;
}
interface Trial {
  questions: Question[];
  /** Where among the questions each one's stand. */
  requests: { request: Asked; at: number; afterAt: number }[];
}

function trialsOf(asked: readonly Asked[]): Trial[] {
  const trials: Trial[] = [];
  let known = new Map<string, number>();
  let trial: Trial | undefined;
  for (const request of asked) {
    if (trial === undefined || trial.questions.length + 2 > questionsAtOnce) {
      trials.push((trial = { questions: [], requests: [] }));
      known = new Map();
    }
    const { questions, requests } = trial;
    const place = (question: Question) => {
      const key = JSON.stringify(question);
      const at = known.get(key) ?? questions.push(question) - 1;
      known.set(key, at);
      return at;
    };
    requests.push({ request, at: place(request.before), afterAt: place(request.after) });
  }
  return trials;
}
