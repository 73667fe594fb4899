/** Entry of the long-running processes: `main.ts server|cluster|mesh CONFIG`. */
const [role, config] = process.argv.slice(2);
if (config === undefined) {
  console.error("usage: main.ts server|cluster|mesh CONFIG");
  process.exit(2);
}
switch (role) {
  case "server":
    await (await import("./server.ts")).runServer(config);
    break;
  case "cluster":
    await (await import("./cluster.ts")).runCluster(config);
    break;
  case "mesh":
    await (await import("./mesh.ts")).runMesh(config);
    break;
  default:
    console.error(`"${role}" is no role; accepted: server, cluster, mesh`);
    process.exit(2);
}
