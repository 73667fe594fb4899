import { useQueryClient } from "@tanstack/react-query";
import { createContext, useContext, useEffect, useState, type ReactNode } from "react";
import { followChanges } from "../api/events.ts";
import { Mark } from "./mark.tsx";

interface Live {
  /** undefined: not yet known. */
  connected: boolean | undefined;
  /** Since when the server hasn't been heard, Unix ms. */
  lostAt?: number;
}
const Connection = createContext<Live>({ connected: undefined });

/** Follows the API's stream of changes for as long as somebody is signed in. */
export function LiveProvider({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const [live, setLive] = useState<Live>({ connected: undefined });
  useEffect(
    () =>
      followChanges(client, (connected) =>
        setLive((before) =>
          connected
            ? { connected }
            : before.connected === false
              ? before
              : { connected: before.connected === undefined ? undefined : false, lostAt: Date.now() },
        ),
      ),
    [client],
  );
  return <Connection value={live}>{children}</Connection>;
}

export function useLive(): Live {
  return useContext(Connection);
}

/** Whatever stands below was true when contact was lost, and says so. */
export function StaleNote() {
  const { connected, lostAt } = useLive();
  if (connected !== false || lostAt === undefined) return null;
  return (
    <output className="stale-note">
      <Mark health="wait" word="No contact with the server" />
      <span>
        What you see is as of {new Date(lostAt).toLocaleTimeString()}. What runs in the clusters goes on; this page
        catches up by itself.
      </span>
    </output>
  );
}
