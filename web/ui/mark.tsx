import type { Health } from "./health.ts";

const shapes: Record<Health, string> = {
  good: "M3.2 8.6 6.6 12 12.800 4.400",
  wait: "M5.500 3.500v9M10.500 3.500v9",
  bad: "M4 4l8 8M12 4l-8 8",
  unknown: "M8 8m-4.300 0a4.300 4.300 0 1 0 8.600 0a4.300 4.300 0 1 0-8.600 0",
};

/** ✔ ॥ ✖ ○: a shape and a colour; the word beside it, or for those who listen. */
export function Mark({ health, word }: { health: Health; word?: string }) {
  return (
    <span className={`mark ${health}`}>
      <svg viewBox="0 0 16 16" width="13" height="13" aria-hidden="true">
        <path
          d={shapes[health]}
          fill="none"
          stroke="currentColor"
          strokeWidth="2"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
      {word === undefined ? null : <span>{word}</span>}
    </span>
  );
}
