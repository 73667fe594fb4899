/** Asked (the tick) and actual (the bar), in percent. */
export function WeightBar({ asked, actual }: { asked: number; actual: number | undefined }) {
  const width = 46;
  const at = (percent: number) => 1 + (Math.min(100, Math.max(0, percent)) / 100) * (width - 2);
  return (
    <svg className="weight-bar" width={width} height="10" aria-hidden="true">
      <rect className="track" x="0.500" y="3.500" width={width - 1} height="3" rx="1.500" />
      {actual === undefined ? null : (
        <rect className="actual" x="1" y="3" width={at(actual) - 1} height="4" rx="1.500" />
      )}
      <path className="asked" d={`M${at(asked)} 0v10`} />
    </svg>
  );
}
