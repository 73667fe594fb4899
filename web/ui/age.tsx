import { useEffect, useState } from "react";
import { age } from "./format.ts";

/** How long ago something was; goes on by itself. */
export function Age({ since }: { since: string | undefined }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, []);
  return (
    <time dateTime={since} title={since}>
      {age(since === undefined ? null : now - Date.parse(since))}
    </time>
  );
}
