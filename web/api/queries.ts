import { infiniteQueryOptions, keepPreviousData, queryOptions } from "@tanstack/react-query";
import type { DriftedObject } from "../../src/model/drift.ts";
import type { UnhealthyObject } from "../../src/model/unhealthy.ts";
import type { AppFilters } from "../router/paths.ts";
import { call } from "./call.ts";
import type {
  AppState,
  AppView,
  ClusterView,
  EdgeView,
  ExposedHost,
  ReleaseDocument,
  RulesInCluster,
  WorkerState,
} from "./views.ts";

/** Rows of the list that are fetched at a time. */
export const pageSize = 100;

export const whoami = queryOptions({
  queryKey: ["whoami"],
  queryFn: ({ signal }) => call("whoami", { signal }),
  staleTime: Infinity,
});

export const appList = (filters: AppFilters) =>
  infiniteQueryOptions({
    queryKey: ["apps", filters],
    queryFn: async ({ pageParam, signal }) => {
      const page = await call("listApp", {
        query: { ...filters, limit: pageSize, ...(pageParam !== "" && { continue: pageParam }) },
        signal,
      });
      return { ...page, items: page.items as unknown as AppView[] };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.continue,
    placeholderData: keepPreviousData,
  });

export const app = (name: string) =>
  queryOptions({
    queryKey: ["app", name],
    queryFn: async ({ signal }) => (await call("getApp", { path: { name }, signal })) as unknown as AppView,
  });

export const appStatus = (name: string) =>
  queryOptions({
    queryKey: ["app", name, "status"],
    queryFn: async ({ signal }) =>
      (await call("appStatus", { path: { name }, signal })) as unknown as AppState & {
        calls: EdgeView[];
        callers: EdgeView[];
        hosts: ExposedHost[];
        releases: ReleaseDocument[];
        drift: (DriftedObject & { cluster: string })[];
        unhealthy: (UnhealthyObject & { cluster: string })[];
      },
    refetchInterval: 15_000,
  });

export const appReleases = (name: string) =>
  infiniteQueryOptions({
    queryKey: ["app", name, "releases"],
    queryFn: async ({ pageParam, signal }) => {
      const page = await call("listRelease", {
        query: { app: name, limit: 25, sort: "-updated", ...(pageParam !== "" && { continue: pageParam }) },
        signal,
      });
      return { ...page, items: page.items as unknown as ReleaseDocument[] };
    },
    initialPageParam: "",
    getNextPageParam: (page) => page.continue,
  });

export const clusterList = queryOptions({
  queryKey: ["clusters"],
  queryFn: async ({ signal }) =>
    (await call("listCluster", { query: { limit: 500 }, signal })).items as unknown as ClusterView[],
  refetchInterval: 5_000,
});

export const clusterWorker = (name: string) =>
  queryOptions({
    queryKey: ["cluster", name, "worker"],
    queryFn: async ({ signal }) => (await call("clusterWorker", { path: { name }, signal })) as unknown as WorkerState,
    refetchInterval: 5_000,
    retry: false,
  });

export const clusterIngress = (name: string) =>
  queryOptions({
    queryKey: ["cluster", name, "ingress"],
    queryFn: ({ signal }) => call("clusterIngress", { path: { name }, signal }),
    refetchInterval: 15_000,
  });

/** Names for the filters: few enough to be listed whole. */
export const teamNames = queryOptions({
  queryKey: ["names", "teams"],
  queryFn: async ({ signal }) =>
    (await call("listTeam", { query: { limit: 500 }, signal })).items.map(({ metadata }) => metadata.name),
  staleTime: 60_000,
});
export const segmentNames = queryOptions({
  queryKey: ["names", "segments"],
  queryFn: async ({ signal }) =>
    (await call("listSegment", { query: { limit: 500 }, signal })).items.map(({ metadata }) => metadata.name),
  staleTime: 60_000,
});
export const clusterNames = queryOptions({
  queryKey: ["names", "clusters"],
  queryFn: async ({ signal }) =>
    (await call("listCluster", { query: { limit: 500 }, signal })).items.map(({ metadata }) => metadata.name),
  staleTime: 60_000,
});

/** Looked at every few seconds, as often as the server asks the proxies. */
const liveMs = 5_000;

export const appSignals = (name: string) =>
  queryOptions({
    queryKey: ["signals", "app", name],
    queryFn: ({ signal }) => call("appSignals", { path: { name }, signal }),
    refetchInterval: liveMs,
  });

export const clusterSignals = (name: string) =>
  queryOptions({
    queryKey: ["signals", "cluster", name],
    queryFn: ({ signal }) => call("clusterSignals", { path: { name }, signal }),
    refetchInterval: liveMs,
  });

export const figures = queryOptions({
  queryKey: ["signals", "figures"],
  queryFn: async ({ signal }) => (await call("figures", { signal })).apps,
  refetchInterval: 10_000,
});

export const appInstances = (name: string) =>
  queryOptions({
    queryKey: ["app", name, "instances"],
    queryFn: ({ signal }) => call("appInstances", { path: { name }, signal }),
    refetchInterval: 10_000,
  });

export const appRules = (name: string) =>
  queryOptions({
    queryKey: ["app", name, "rules"],
    queryFn: async ({ signal }) =>
      (await call("appRules", { path: { name }, signal })).clusters as unknown as RulesInCluster[],
  });
