import { describe, expect, test } from "vitest";
import { kinds, resourcePath, type Kind } from "../../src/objects/kinds.ts";
import { ask, client, connection, deployment, map, namespace, service, virtualService } from "./ground.ts";
import { Transport } from "../../src/kube/transport.ts";

export function tablesSuite(): void {
  describe("tables", () => {
    const accept = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json";
    interface Table {
      kind: string;
      columnDefinitions: { name: string; type: string; priority: number }[];
      rows: { cells: unknown[]; object: { kind: string; metadata: { name: string } } }[];
    }
    const table = (kind: Kind): Promise<Table> =>
      ask({ method: "GET", path: resourcePath(kind, namespace), accept }) as Promise<Table>;
    const columns = ({ columnDefinitions }: Table) =>
      columnDefinitions.map(({ name, priority }) => (priority === 0 ? name : `(${name})`)).join(" ");

    test("have the columns of their kind, and a row for each object", async () => {
      await client.create(map("a", { x: "1", y: "2" }));
      await client.create(deployment({}, { paused: true, replicas: 0 }));
      await client.create(service({ selector: { app: "web" }, ports: [{ port: 80 }] }));
      await client.create(
        virtualService({ hosts: ["web"], gateways: ["mesh"], http: [{ route: [{ destination: { host: "web" } }] }] }),
      );
      const maps = await table(kinds.ConfigMap);
      expect(maps.kind).toBe("Table");
      expect(columns(maps)).toBe("Name Data Age");
      const row = maps.rows.find(({ object }) => object.metadata.name === "a")!;
      expect(row.object.kind).toBe("PartialObjectMetadata");
      expect(row.cells.slice(0, 2)).toEqual(["a", 2]);
      const deployments = await table(kinds.Deployment);
      expect(columns(deployments)).toBe("Name Ready Up-to-date Available Age (Containers) (Images) (Selector)");
      expect(deployments.rows[0]!.cells.slice(0, 4)).toEqual(["web", "0/0", 0, 0]);
      expect(deployments.rows[0]!.cells.slice(5)).toEqual(["app", "example/app:1", "app=web"]);
      const services = await table(kinds.Service);
      expect(columns(services)).toBe("Name Type Cluster-IP External-IP Port(s) Age (Selector)");
      expect(services.rows[0]!.cells[4]).toBe("80/TCP");
      const routes = await table(kinds.VirtualService);
      expect(columns(routes)).toBe("Name Gateways Hosts Age");
      // What a CRD's column finds at its path is given as it stands, in JSON where it is a list.
      expect(routes.rows[0]!.cells.slice(0, 3)).toEqual(["web", '["mesh"]', '["web"]']);
    });

    test("know the columns of every kind that Quipu applies", async () => {
      const found: Record<string, string> = {};
      for (const kind of Object.values<Kind>(kinds)) found[kind.kind] = columns(await table(kind));
      expect(found).toMatchObject({
        Pod: "Name Ready Status Restarts Age (IP) (Node) (Nominated Node) (Readiness Gates)",
        ReplicaSet: "Name Desired Current Ready Age (Containers) (Images) (Selector)",
        HorizontalPodAutoscaler: "Name Reference Targets MinPods MaxPods Replicas Age",
        PodDisruptionBudget: "Name Min Available Max Unavailable Allowed Disruptions Age",
        Secret: "Name Type Data Age",
        EndpointSlice: "Name AddressType Ports Endpoints Age",
        DestinationRule: "Name Host Age",
        Gateway: "Name Age",
        ServiceEntry: "Name Hosts Location Resolution Age",
        WorkloadEntry: "Name Age Address",
        Sidecar: "Name Age",
        EnvoyFilter: "Name Age",
        AuthorizationPolicy: "Name Action Age",
        PeerAuthentication: "Name Mode Age",
        RequestAuthentication: "Name Age",
        Telemetry: "Name Age",
      });
    });

    test("in a watch come with columns once", async () => {
      const { resourceVersion } = await client.list(kinds.ConfigMap, { namespace });
      await client.create(map("a", {}));
      await client.create(map("b", {}));
      const transport = new Transport(connection);
      const { body } = await transport.stream({
        method: "GET",
        path: resourcePath(kinds.ConfigMap, namespace),
        query: { watch: true, resourceVersion, timeoutSeconds: 2 },
        accept,
        signal: AbortSignal.timeout(60_000),
      });
      let text = "";
      for await (const chunk of body) text += String(chunk);
      await transport.close();
      const events = text
        .trim()
        .split("\n")
        .map((line) => JSON.parse(line) as { object: Table });
      const names = events.flatMap(({ object }) => object.rows.map((row) => row.object.metadata.name));
      expect(names).toEqual(expect.arrayContaining(["a", "b"]));
      expect(events.map(({ object }) => object.columnDefinitions?.length ?? 0)).toEqual([
        3,
        ...events.slice(1).map(() => 0),
      ]);
    });
  });
}
