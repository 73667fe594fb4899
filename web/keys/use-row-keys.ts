import { useState } from "react";
import { useKeys } from "./use-keys.ts";

interface RowKeys {
  count: number;
  readonly reveal: (index: number) => void;
  readonly open: (index: number) => void;
  /** The selection ends when this changes. */
  resetOn: string;
}

/** j and k move a selection, Enter opens it. */
export function useRowKeys({ count, reveal, open, resetOn }: RowKeys): {
  selected: number | null;
  readonly select: (index: number) => void;
} {
  const [state, setState] = useState<{ index: number | null; of: string }>({ index: null, of: resetOn });
  const selected = state.of === resetOn && state.index !== null && state.index < count ? state.index : null;
  const select = (index: number) => setState({ index, of: resetOn });
  const move = (by: number) => {
    if (count === 0) return;
    const index = selected === null ? 0 : Math.min(count - 1, Math.max(0, selected + by));
    select(index);
    reveal(index);
  };
  useKeys({
    j: () => move(1),
    k: () => move(-1),
    Enter: (event) => {
      // A link or a button that has the focus is opened by the browser.
      if (selected !== null && event.target === document.body) open(selected);
    },
  });
  return { selected, select };
}
