import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import type { ReleaseView } from "../../../src/release/release-view.ts";
import { call } from "../../api/call.ts";
import { release } from "../../api/release-queries.ts";
import { paths } from "../../router/paths.ts";
import { useRouter } from "../../router/router.tsx";
import { Button } from "../../ui/button.tsx";
import { Failure } from "../../ui/states.tsx";
import type { Command } from "./commands.ts";

interface CommandDialogProps {
  view: ReleaseView;
  command: Command;
  readonly close: () => void;
}

/** Asks once more, and why. A refusal stays in sight with its reason. */
export function CommandDialog({ view, command: { kind, title, effect }, close }: CommandDialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  const [why, setWhy] = useState("");
  const { go } = useRouter();
  const client = useQueryClient();
  useEffect(() => {
    if (dialog.current?.open === false) dialog.current.showModal();
  }, []);
  const { app, number } = view;
  const give = useMutation({
    mutationFn: async (): Promise<string | undefined> => {
      const query = why.trim() === "" ? {} : { why: why.trim() };
      if (kind === "undo" || kind === "retry") {
        const to = view.again?.undoTo;
        const written =
          kind === "undo"
            ? await call("undoApp", { path: { name: app }, query, body: to === undefined ? {} : { to } })
            : await call("retryApp", { path: { name: app }, query });
        return (written as { releases?: string[] }).releases?.[0];
      }
      const told = await call(`${kind}Release`, { path: { name: app, number: String(number) }, query });
      client.setQueryData(release(app, number).queryKey, told as unknown as ReleaseView);
      return undefined;
    },
    onSuccess: async (made) => {
      close();
      const next = /-r(\d+)$/.exec(made ?? "")?.[1];
      if (next !== undefined) go(paths.release(app, Number(next)));
      else await client.invalidateQueries({ queryKey: release(app, number).queryKey });
    },
    // Refused: what is shown was older than what is so.
    onError: () => client.invalidateQueries({ queryKey: release(app, number).queryKey }),
  });
  return (
    <dialog ref={dialog} className="ask" aria-labelledby="ask-title" onClose={close}>
      <form
        method="dialog"
        onSubmit={(event) => {
          event.preventDefault();
          give.mutate();
        }}
      >
        <h2 id="ask-title">
          {title}: release {number} of {app}?
        </h2>
        <p className="dim">{effect}</p>
        <label htmlFor="why">Why (optional; kept with the release and in the audit trail)</label>
        <input
          id="why"
          value={why}
          maxLength={1000}
          autoComplete="off"
          onChange={(event) => setWhy(event.target.value)}
        />
        {give.error === null ? null : <Failure error={give.error} />}
        <div className="row">
          <Button type="button" className="button quiet" onClick={close}>
            Cancel
          </Button>
          <Button type="submit" disabledBecause={give.isPending ? "On its way" : undefined}>
            {title}
          </Button>
        </div>
      </form>
    </dialog>
  );
}
