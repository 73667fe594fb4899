import { useQuery, type InfiniteData, type UseInfiniteQueryResult } from "@tanstack/react-query";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useRef } from "react";
import { figures } from "../../api/queries.ts";
import type { AppView } from "../../api/views.ts";
import { paths, type AppFilters } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { AppRow, columns } from "./app-row.tsx";
import { SortHeader } from "./sort-header.tsx";
import { useRowKeys } from "../../keys/use-row-keys.ts";

/** As tall as `--row`. */
const rowHeight = 34;

interface Page {
  items: AppView[];
  total: number;
}

/** Only the rows in sight exist; the table is as long as all of them from the first page on, so nothing jumps. */
export function AppTable({ list, filters }: { list: UseInfiniteQueryResult<InfiniteData<Page>>; filters: AppFilters }) {
  const { go } = useRouter();
  const known = useQuery(figures);
  const body = useRef<HTMLDivElement>(null);
  const rows = list.data?.pages.flatMap(({ items }) => items) ?? [];
  const total = list.data === undefined ? 12 : list.data.pages[0]!.total;
  // oxlint-disable-next-line react/incompatible-library -- concerns the React compiler, which is not used
  const virtual = useWindowVirtualizer({
    count: total,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollMargin: body.current?.offsetTop ?? 0,
  });
  const visible = virtual.getVirtualItems();
  const first = visible[0]?.start ?? 0;
  const end = visible.at(-1)?.end ?? 0;
  const margin = virtual.options.scrollMargin;
  const lastSeen = visible.at(-1)?.index ?? 0;
  const { hasNextPage, isFetchingNextPage, fetchNextPage } = list;
  useEffect(() => {
    if (lastSeen >= rows.length - 20 && hasNextPage && !isFetchingNextPage) void fetchNextPage();
  }, [lastSeen, rows.length, hasNextPage, isFetchingNextPage, fetchNextPage]);
  const { selected, select } = useRowKeys({
    count: rows.length,
    reveal: (index) => virtual.scrollToIndex(index, { align: "auto" }),
    open: (index) => go(paths.app(rows[index]!.metadata.name)),
    resetOn: JSON.stringify(filters),
  });

  return (
    <div
      ref={body}
      aria-busy={list.isPlaceholderData || list.data === undefined}
      className={list.isPlaceholderData ? "table-frame old" : "table-frame"}
    >
      <table className="table apps" aria-rowcount={total + 1}>
        <colgroup>
          {columns.map(({ title, width }) => (
            <col key={title} style={{ width }} />
          ))}
        </colgroup>
        <thead>
          <tr aria-rowindex={1}>
            {columns.map((column) => (
              <SortHeader key={column.title} column={column} filters={filters} />
            ))}
          </tr>
        </thead>
        <tbody>
          <Gap height={first - margin} />
          {visible.map(({ index }) => (
            <AppRow
              key={rows[index]?.metadata.name ?? index}
              app={rows[index]}
              figures={known.data?.[rows[index]?.metadata.name ?? ""]}
              index={index}
              selected={selected === index}
              onSelect={select}
            />
          ))}
          <Gap height={virtual.getTotalSize() - (end - margin)} />
        </tbody>
      </table>
      {list.isFetchNextPageError ? (
        <p className="small">
          The next page didn’t arrive.{" "}
          <button type="button" className="plain link" onClick={() => void fetchNextPage()}>
            Try again
          </button>
        </p>
      ) : null}
    </div>
  );
}

function Gap({ height }: { height: number }) {
  return height <= 0 ? null : (
    <tr aria-hidden="true" className="gap">
      <td colSpan={columns.length} style={{ height }}>
        {null}
      </td>
    </tr>
  );
}
