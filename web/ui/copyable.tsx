import { useState } from "react";

/** A command that can be copied with one click. */
export function Copyable({ command }: { command: string }) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(command);
    setCopied(true);
    setTimeout(() => setCopied(false), 1500);
  };
  return (
    <span className="copyable">
      <code>{command}</code>
      <button type="button" onClick={() => void copy().catch(() => undefined)} aria-label={`Copy ${command}`}>
        {copied ? "Copied" : "Copy"}
      </button>
    </span>
  );
}
