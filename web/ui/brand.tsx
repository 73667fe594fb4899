/** Three cords with knots on a main cord. */
export function Brand({ size = 20 }: { size?: number }) {
  return (
    <svg
      viewBox="0 0 24 24"
      width={size}
      height={size}
      fill="none"
      stroke="var(--accent)"
      strokeWidth="1.800"
      strokeLinecap="round"
      aria-hidden="true"
    >
      <path d="M2 5c7-2 13-2 20 0M6 4.300V19M12 3.600V21M18 4.300V16" />
      <g fill="var(--accent)" stroke="none">
        <circle cx="6" cy="10" r="2.200" />
        <circle cx="6" cy="16" r="2.200" />
        <circle cx="12" cy="12" r="2.200" />
        <circle cx="18" cy="9" r="2.200" />
        <circle cx="18" cy="14" r="2.200" />
      </g>
    </svg>
  );
}
