/** How the istiods of a cluster are reached. */
export interface IstiodAccess {
  /** Every replica that proxies may be connected to, ready or not, by name. Throws `IstiodsUnknown`, or what asking threw. */
  replicas(): Promise<readonly string[]>;
  /** GET of a path of its monitoring port (15014). Throws when it doesn't answer. */
  get(replica: string, path: string): Promise<{ status: number; body: string }>;
}

/** Its istiods can't be had: by configuration, not by an outage. In words for people. */
export class IstiodsUnknown extends Error {
  override readonly name = "IstiodsUnknown";
}

/** An istiod that doesn't let anybody ask. */
export class IstiodForbids extends Error {
  override readonly name = "IstiodForbids";
}

/** Throws `IstiodForbids` for answers that won't change by asking again, another error for others that aren't 200. */
export async function page(access: IstiodAccess, replica: string, path: string): Promise<string> {
  const { status, body } = await access.get(replica, path);
  if (status === 200) return body;
  const said = body.trim().slice(0, 120);
  const text = `${replica} answers ${status} to ${path.split("?")[0]}${said === "" ? "" : ` (${said})`}`;
  if (status === 401 || status === 403 || status === 404) throw new IstiodForbids(text);
  throw new Error(text);
}
