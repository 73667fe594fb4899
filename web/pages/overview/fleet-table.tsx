import type { InfiniteData, UseInfiniteQueryResult } from "@tanstack/react-query";
import type { ReleaseSummary } from "../../../src/release/release-summary.ts";
import { useRowKeys } from "../../keys/use-row-keys.ts";
import { paths, type FleetState } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { Bone } from "../../ui/states.tsx";
import { FleetRow } from "./fleet-row.tsx";

const columns: Record<"going" | "over", readonly (readonly [title: string, width: string, unit?: string])[]> = {
  going: [
    ["App", "13%"],
    ["Release", "6%"],
    ["State", "11%"],
    ["Waves", "15%"],
    ["Weight", "8%", "%"],
    ["Waits for", ""],
    ["In", "6%"],
    ["By", "11%"],
    ["Since", "6%"],
  ],
  over: [
    ["App", "13%"],
    ["Release", "6%"],
    ["State", "11%"],
    ["Waves", "15%"],
    ["Why", ""],
    ["By", "11%"],
    ["Ended", "7%"],
  ],
};
const numeric = new Set(["Release", "Weight", "In", "Since", "Ended"]);

export function FleetTable({
  list,
  state,
}: {
  list: UseInfiniteQueryResult<InfiniteData<{ items: ReleaseSummary[]; total: number }>>;
  state: FleetState;
}) {
  const { go } = useRouter();
  const rows = list.data?.pages.flatMap(({ items }) => items);
  const kind = state === "failed" ? "over" : "going";
  const { selected, select } = useRowKeys({
    count: rows?.length ?? 0,
    reveal: (index) => document.querySelectorAll(".fleet tbody tr")[index]?.scrollIntoView({ block: "nearest" }),
    open: (index) => go(paths.release(rows![index]!.app, rows![index]!.number)),
    resetOn: state,
  });
  return (
    <div className={list.isPlaceholderData ? "table-frame old" : "table-frame"} aria-busy={rows === undefined}>
      <table className="table fleet">
        <colgroup>
          {columns[kind].map(([title, width]) => (
            <col key={title} style={{ width: width === "" ? undefined : width }} />
          ))}
        </colgroup>
        <thead>
          <tr>
            {columns[kind].map(([title, , unit]) => (
              <th key={title} scope="col" className={numeric.has(title) ? "num" : undefined}>
                {title} {unit === undefined ? null : <span className="unit">{unit}</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows === undefined ? (
            <tr>
              <td colSpan={columns[kind].length}>
                <Bone width="40%" />
              </td>
            </tr>
          ) : (
            rows.map((release, index) => (
              <FleetRow
                key={`${release.app}/${release.number}`}
                release={release}
                over={kind === "over"}
                selected={selected === index}
                select={() => select(index)}
              />
            ))
          )}
        </tbody>
      </table>
      {list.hasNextPage ? (
        <p className="more">
          <button type="button" className="plain link" onClick={() => void list.fetchNextPage()}>
            {list.isFetchingNextPage ? "…" : `Show more of ${list.data!.pages[0]!.total.toLocaleString("en")}`}
          </button>
        </p>
      ) : null}
    </div>
  );
}
