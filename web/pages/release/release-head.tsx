import type { ReleaseView } from "../../../src/release/release-view.ts";
import { paths } from "../../router/paths.ts";
import { Link } from "../../router/router.tsx";
import { Elapsed } from "../../ui/countdown.tsx";
import { list, nothing } from "../../ui/format.ts";
import { Glow } from "../../ui/glow.tsx";
import { releaseHealth } from "../../ui/health.ts";
import { Mark } from "../../ui/mark.tsx";

export function ReleaseHead({ view }: { view: ReleaseView }) {
  const { app, number, phase, parts, cause, image, revision, from, acceptedAt, endedAt } = view;
  const { health, word } = releaseHealth({ phase });
  return (
    <header className="app-head">
      <div>
        <p className="crumbs small">
          <Link to={paths.apps()}>Apps</Link> / <Link to={paths.app(app)}>{app}</Link> /
        </p>
        <h1>Release {number}</h1>
      </div>
      <dl className="facts">
        <Fact title="State">
          <Glow value={phase}>
            <Mark health={health} word={word} />
          </Glow>
        </Fact>
        <Fact title="Revision" hint={image ?? undefined}>
          {revision === null ? nothing : from === null || from === revision ? revision : `${from} → ${revision}`}
        </Fact>
        <Fact title="Changes">{parts.length === 0 ? nothing : list(parts)}</Fact>
        <Fact title="Cause" hint={cause.message}>
          {cause.kind} by {cause.by}
          {cause.message === undefined ? null : <span className="dim"> · {cause.message}</span>}
        </Fact>
        <Fact title="Accepted">
          <time dateTime={new Date(acceptedAt).toISOString()}>{new Date(acceptedAt).toLocaleString()}</time>
        </Fact>
        <Fact title={endedAt === undefined ? "Since" : "Took"}>
          <Elapsed since={acceptedAt} until={endedAt} />
        </Fact>
        {image === null ? null : (
          <Fact title="Image" hint={image}>
            <span className="cut">{image}</span>
          </Fact>
        )}
      </dl>
    </header>
  );
}

function Fact({ title, hint, children }: { title: string; hint?: string | undefined; children: React.ReactNode }) {
  return (
    <div title={hint}>
      <dt>{title}</dt>
      <dd>{children}</dd>
    </div>
  );
}
