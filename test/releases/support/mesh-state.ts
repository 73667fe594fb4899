import { readdirSync } from "node:fs";
import { request } from "node:http";
import { join } from "node:path";

/** What a cluster's mesh knows of its proxies, and what each Envoy has and still warms: for the message of a test that got stuck. */
export async function meshState(runDir: string, cluster: string): Promise<string> {
  const mesh = join(runDir, `${cluster}.mesh`);
  const listed = JSON.parse(await get(mesh, "/proxies")) as { proxies?: { id: string }[] } | { id: string }[];
  const proxies = Array.isArray(listed) ? listed : (listed.proxies ?? []);
  const views = await Promise.all(proxies.map(({ id }) => get(mesh, `/proxies/${encodeURIComponent(id)}`)));
  const pods = join(runDir, `${cluster}.pods`);
  const envoys = await Promise.all(
    readdirSync(pods).map(async (pod) => {
      const admin = join(pods, pod, "admin");
      const [warming, clusters] = await Promise.all([
        get(admin, "/config_dump?resource=dynamic_warming_clusters&mask=cluster.name,version_info"),
        get(admin, "/clusters"),
      ]).catch((error: unknown) => [String(error), ""]);
      const endpoints = clusters
        .split("\n")
        .filter((line) => /::(?:health_flags|cx_connect_fail|rq_error|rq_active)::/.test(line));
      return `${pod}: warming ${warming}\n${endpoints.join("\n")}`;
    }),
  );
  return [...views, ...envoys].join("\n");
}

function get(socketPath: string, path: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const call = request({ socketPath, path, agent: false, timeout: 5000, headers: { host: "admin" } }, (answer) => {
      let text = "";
      answer.setEncoding("utf8").on("data", (chunk: string) => {
        text += chunk;
      });
      answer.on("end", () => resolve(text));
    });
    call.on("timeout", () => call.destroy(new Error("no answer")));
    call.on("error", reject);
    call.end();
  });
}
