import { useEffect, useState, type Ref } from "react";
import { clusterNames, segmentNames, teamNames } from "../../api/queries.ts";
import { paths, type AppFilters } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { Choice } from "../../ui/choice.tsx";

/** Typing is followed after this pause, so that the server isn't asked for every letter. */
const pauseMs = 180;

export function FilterBar({
  filters,
  search,
  clear,
}: {
  filters: AppFilters;
  search: Ref<HTMLInputElement>;
  clear: (() => void) | undefined;
}) {
  const { go } = useRouter();
  const [words, setWords] = useState(filters.q ?? "");
  const shown = filters.q ?? "";
  const [followed, setFollowed] = useState(shown);
  if (shown !== followed) {
    // The URL changed by another way than typing: by the back button, by clearing.
    setFollowed(shown);
    setWords(shown);
  }
  useEffect(() => {
    if (words === shown) return;
    const timer = setTimeout(() => {
      setFollowed(words);
      go(paths.apps({ ...filters, q: words }), { replace: true });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [words, shown, filters, go]);
  const set = (change: AppFilters) => go(paths.apps({ ...filters, ...change }), { replace: true });
  return (
    <search className="filters">
      <button
        type="button"
        className="plain link"
        onClick={clear}
        style={{ visibility: clear === undefined ? "hidden" : "visible" }}
      >
        Clear
      </button>
      <input
        ref={search}
        type="search"
        placeholder="Search   /"
        aria-label="Search apps"
        value={words}
        onChange={(event) => setWords(event.target.value)}
        spellCheck={false}
      />
      <Choice label="Team" all="every team" value={filters.team} names={teamNames} onChange={(team) => set({ team })} />
      <Choice
        label="Segment"
        all="every segment"
        value={filters.segment}
        names={segmentNames}
        onChange={(segment) => set({ segment })}
      />
      <Choice
        label="Cluster"
        all="every cluster"
        value={filters.cluster}
        names={clusterNames}
        onChange={(cluster) => set({ cluster })}
      />
    </search>
  );
}
