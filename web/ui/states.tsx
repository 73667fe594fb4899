import type { ReactNode } from "react";
import { ApiProblem } from "../api/call.ts";
import { Copyable } from "./copyable.tsx";
import { Mark } from "./mark.tsx";

/** Nothing to show: why, and what to do next. */
export function Empty({ title, children, command }: { title: string; children?: ReactNode; command?: string }) {
  return (
    <div className="state">
      <h2>{title}</h2>
      {children === undefined ? null : <p className="dim">{children}</p>}
      {command === undefined ? null : <Copyable command={command} />}
    </div>
  );
}

/** What went wrong, by its code: what was found and what is accepted. */
export function Failure({ error, retry }: { error: Error; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error.problem : {};
  const code = error instanceof ApiProblem ? error.code : "internal";
  return (
    <div className="state failure" role="alert">
      <h2>
        <Mark health="bad" /> {problem.title ?? (code === "offline" ? "No contact" : "That didn’t work")}
      </h2>
      <p>{error.message}</p>
      <p className="dim small">
        <code>{code}</code>
        {problem.field === undefined ? null : <> · field {problem.field}</>}
        {problem.accepted === undefined ? null : <> · accepted: {problem.accepted}</>}
      </p>
      {retry === undefined ? null : (
        <button type="button" className="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Holds the place of a text that is on its way. */
export function Bone({ width = "6em" }: { width?: string }) {
  return <span className="bone" style={{ width }} aria-hidden="true" />;
}
