import { useEffect, useRef, type ReactNode } from "react";

/** Glows briefly when `value` changes; not when it first appears. */
export function Glow({ value, children }: { value: string | number | null | undefined; children?: ReactNode }) {
  const element = useRef<HTMLSpanElement>(null);
  const before = useRef(value);
  useEffect(() => {
    if (before.current === value) return;
    before.current = value;
    const { current } = element;
    if (current === null) return;
    current.classList.remove("glowing");
    void current.offsetWidth; // the animation starts anew only after a reflow without it
    current.classList.add("glowing");
  }, [value]);
  return (
    <span className="glow" ref={element}>
      {children ?? value}
    </span>
  );
}
