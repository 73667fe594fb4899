import { useState } from "react";
import type { ReleaseView } from "../../../src/release/release-view.ts";
import { Button } from "../../ui/button.tsx";
import { CommandDialog } from "./command-dialog.tsx";
import { commandsOf, type Command } from "./commands.ts";

/** Each command stands there always; one that can't be given says why below the pointer, to those who listen, and in words. */
export function CommandBar({ view }: { view: ReleaseView }) {
  const [asked, setAsked] = useState<Command>();
  const commands = commandsOf(view);
  return (
    <section className="commands" aria-label="Commands">
      {commands.map((command) => (
        <Button
          key={command.kind}
          className={command.kind === "abort" || command.kind === "undo" ? "button quiet grave" : "button quiet"}
          disabledBecause={command.refused === null ? undefined : `${command.title}: ${command.refused}`}
          onClick={() => setAsked(command)}
        >
          {command.title}
        </Button>
      ))}
      {asked === undefined ? null : (
        <CommandDialog key={asked.kind} view={view} command={asked} close={() => setAsked(undefined)} />
      )}
    </section>
  );
}
