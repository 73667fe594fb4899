import { workerHealingSuite } from "../conformance/worker-healing.suite.ts";
import { workerPruneSuite } from "../conformance/worker-prune.suite.ts";
import { workerSuite } from "../conformance/worker.suite.ts";
import { useWorkers } from "../harness/workers.ts";
import { realGround } from "./support/real-ground.ts";

let count = 0;
useWorkers(async () => {
  const { connection, close } = await realGround();
  return { kube: connection, other: connection, close, suffix: `-${process.pid}-${++count}` };
});
workerSuite();
workerHealingSuite();
workerPruneSuite();
