import { workerHealingSuite } from "../../test/conformance/worker-healing.suite.ts";
import { workerPruneSuite } from "../../test/conformance/worker-prune.suite.ts";
import { workerSuite } from "../../test/conformance/worker.suite.ts";
import { useWorkers } from "../../test/harness/workers.ts";

// What a worker does, as on any Kubernetes; what is special to lost contact and faults has specs of its own.
useWorkers();
workerSuite();
workerHealingSuite();
workerPruneSuite();
