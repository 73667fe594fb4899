import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { QueryCache, QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { ApiProblem } from "./api/call.ts";
import { whoami } from "./api/queries.ts";
import { RouterProvider } from "./router/router.tsx";
import { Shell } from "./shell.tsx";
import { applyTheme } from "./ui/theme.tsx";
import "./style/tokens.css";
import "./style/base.css";
import "./style/parts.css";
import "./style/shell.css";
import "./style/table.css";
import "./style/app.css";
import "./style/release.css";
import "./style/quipu.css";

applyTheme();

const client: QueryClient = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 2_000,
      // What the API refuses once it refuses again; what didn't arrive may arrive yet.
      retry: (failures, error) =>
        failures < 2 && error instanceof ApiProblem && (error.status === 0 || error.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
  queryCache: new QueryCache({
    onError: (error, { queryKey }) => {
      // The session has ended: asking who we are again leads to the sign-in page. That question itself is asked once.
      if (error instanceof ApiProblem && error.status === 401 && queryKey[0] !== whoami.queryKey[0])
        void client.invalidateQueries(whoami);
    },
  }),
});

createRoot(document.getElementById("root")!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <RouterProvider>
        <Shell />
      </RouterProvider>
    </QueryClientProvider>
  </StrictMode>,
);
