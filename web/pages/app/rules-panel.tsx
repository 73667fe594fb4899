import { useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { appRules } from "../../api/queries.ts";
import { list } from "../../ui/format.ts";
import { Panel } from "../../ui/panel.tsx";
import { Bone, Empty, Failure } from "../../ui/states.tsx";
import { rulesInWords, sameRules, type Speech } from "./rules.ts";

/** What is in force, in words; where clusters differ, one at a time. */
export function RulesPanel({ name, speaks, known }: { name: string; speaks: readonly Speech[]; known: boolean }) {
  const rules = useQuery({ ...appRules(name), enabled: known });
  const [chosen, choose] = useState(0);
  const groups = rules.data === undefined ? undefined : sameRules(rules.data);
  const shown = groups?.[Math.min(chosen, groups.length - 1)];
  const aside =
    groups === undefined || groups.length === 0
      ? undefined
      : groups.length === 1
        ? `${groups[0]!.clusters.length > 1 ? "the same " : ""}in ${list(groups[0]!.clusters)}`
        : undefined;
  return (
    <Panel title="Traffic rules in force" aside={aside} className="rules">
      {rules.error !== null && rules.data === undefined ? (
        <Failure error={rules.error} retry={() => void rules.refetch()} />
      ) : null}
      {groups !== undefined && groups.length > 1 ? (
        <fieldset className="choices" aria-label="Clusters">
          {groups.map(({ clusters }, index) => (
            <button
              type="button"
              key={clusters[0]}
              aria-pressed={groups[index] === shown}
              onClick={() => choose(index)}
            >
              {list(clusters)}
            </button>
          ))}
        </fieldset>
      ) : null}
      {rules.isPending ? (
        <div className="bones">
          {["70%", "55%", "82%", "64%", "48%"].map((width) => (
            <Bone key={width} width={width} />
          ))}
        </div>
      ) : shown === undefined ? (
        rules.error === null ? (
          <Empty title="Nothing is in force yet" command={`npx quipu deploy ${name} --from DIR`}>
            Its rules come into force with its first deployment.
          </Empty>
        ) : null
      ) : (
        <dl>
          {rulesInWords(shown.traffic, shown.calls, speaks, shown.callers).map(({ title, rules }) => (
            <div key={title}>
              <dt>{title}</dt>
              <dd>
                {rules.map((rule) => (
                  <p key={rule}>
                    <Numbers text={rule} />
                  </p>
                ))}
              </dd>
            </div>
          ))}
        </dl>
      )}
    </Panel>
  );
}

/** Figures stand out in the sentence. */
function Numbers({ text }: { text: string }) {
  return text
    .split(/((?<![\w-])\d+(?:[.,]\d+)*(?: (?:ms|s|min|h|%))?(?![\w-]))/)
    .map((part, index) => (index % 2 === 1 ? <b key={index}>{part}</b> : part));
}
