import { useRef } from "react";
import { useKeys } from "./use-keys.ts";

const keys: readonly (readonly [string, string])[] = [
  ["/", "Search"],
  ["j, k", "Next, previous row"],
  ["Enter", "Open the row"],
  ["Esc", "Leave the field, clear the filters, go back up"],
  ["←, →", "Previous, next cord of a release"],
  ["g then o, a, c", "Go to the overview, apps, clusters"],
  ["?", "This help"],
];

/** `?` and a button open the list of keys. */
export function KeyHelp() {
  const dialog = useRef<HTMLDialogElement>(null);
  const open = () => dialog.current?.showModal();
  useKeys({ "?": open });
  return (
    <>
      <button type="button" className="icon-button" onClick={open} aria-label="Keyboard help" title="Keyboard help (?)">
        <kbd>?</kbd>
      </button>
      <dialog ref={dialog} className="help" aria-labelledby="help-title">
        <h2 id="help-title">Keys</h2>
        <dl>
          {keys.map(([key, what]) => (
            <div key={key}>
              <dt>
                <kbd>{key}</kbd>
              </dt>
              <dd>{what}</dd>
            </div>
          ))}
        </dl>
        <form method="dialog">
          <button className="button">Close</button>
        </form>
      </dialog>
    </>
  );
}
