import { createRoot } from "../../../trust/root.ts";
import type { Certificate } from "./static-bootstrap.ts";

/** Certificates of one made-up mesh, `quipu.local`: `secretsFor("shop", "web")` is what SDS would give that workload. */
export async function createAuthority(now: number) {
  const root = await createRoot({ trustDomain: "quipu.local", now });
  const intermediate = await root.issueIntermediate("test", { now });
  return async (namespace: string, serviceAccount: string): Promise<Record<string, Certificate>> => {
    const issued = await intermediate.issueWorkload({
      spiffeId: `spiffe://quipu.local/ns/${namespace}/sa/${serviceAccount}`,
      now,
    });
    return { default: { chain: issued.certChainPem, key: issued.keyPem, root: root.certPem } };
  };
}
