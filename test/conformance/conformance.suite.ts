import { deletionSuite } from "./deletion.suite.ts";
import { useGround, type Ground } from "./ground.ts";
import { applySuite } from "./server-side-apply.suite.ts";
import { objectsSuite } from "./objects.suite.ts";
import { ownershipSuite } from "./ownership.suite.ts";
import { refusalsSuite } from "./refusals.suite.ts";
import { tablesSuite } from "./tables.suite.ts";
import { watchSuite } from "./watch.suite.ts";

/** All that Quipu relies on in a Kubernetes API. `open`: the cluster to run on. */
export function conformance(open: () => Promise<Ground>): void {
  useGround(open);
  objectsSuite();
  applySuite();
  ownershipSuite();
  refusalsSuite();
  deletionSuite();
  watchSuite();
  tablesSuite();
}
