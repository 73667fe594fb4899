import { useEffect, useState, type Ref } from "react";
import { segmentNames, teamNames } from "../../api/queries.ts";
import { paths, type FleetFilters } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { Choice } from "../../ui/choice.tsx";

/** Typing is followed after this pause, so that the server isn't asked for every letter. */
const pauseMs = 180;

export function FleetFilterBar({
  filters,
  search,
  clear,
}: {
  filters: FleetFilters;
  search: Ref<HTMLInputElement>;
  clear: (() => void) | undefined;
}) {
  const { go } = useRouter();
  const shown = filters.q ?? "";
  const [words, setWords] = useState(shown);
  const [followed, setFollowed] = useState(shown);
  if (shown !== followed) {
    setFollowed(shown);
    setWords(shown);
  }
  useEffect(() => {
    if (words === shown) return;
    const timer = setTimeout(() => {
      setFollowed(words);
      go(paths.overview({ ...filters, q: words }), { replace: true });
    }, pauseMs);
    return () => clearTimeout(timer);
  }, [words, shown, filters, go]);
  const set = (change: FleetFilters) => go(paths.overview({ ...filters, ...change }), { replace: true });
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
        placeholder="App   /"
        aria-label="Search by app"
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
    </search>
  );
}
