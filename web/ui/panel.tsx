import type { ReactNode } from "react";

/** A part of a page with a title of its own. */
export function Panel({
  title,
  aside,
  children,
  className = "",
}: {
  title: string;
  aside?: ReactNode;
  children: ReactNode;
  className?: string;
}) {
  return (
    <section className={`panel ${className}`} aria-label={title}>
      <header>
        <h2>{title}</h2>
        {aside === undefined ? null : <span className="small dim">{aside}</span>}
      </header>
      {children}
    </section>
  );
}
