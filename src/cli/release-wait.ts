/** What a release waits for, apart from what the app itself wrote before it ended: that is long, and comes again and again. */
export interface Waiting {
  text: string;
  /** What the app's process wrote last. */
  output?: string;
}

/**
 * Splits off the app's own words, as the cluster appends them to how its process ended. With code 128 it never began
 * (StartError of container runtimes): the words are the runtime's and belong to the reason. Pure.
 */
export function splitOutput(reason: string): Waiting {
  const found = /^(.*?(?:exited with code (?!128\b)-?\d+|killed by signal \d+)): (.*)$/s.exec(reason);
  if (found === null) return { text: reason };
  // What the kubelet adds about probes isn't the app's.
  const output = found[2]!.replace(/(?:^|: )(?:Readiness|Liveness|Startup) probe failed: [^]*$/, "").trim();
  return { text: found[1]!, ...(output !== "" && { output }) };
}

/** "9 min 50 s", "25 s". Never below 0. */
export function span(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const minutes = Math.floor(seconds / 60);
  if (minutes >= 120) return minutes >= 2880 ? `${Math.floor(minutes / 1440)} days` : `${Math.floor(minutes / 60)} h`;
  return minutes === 0 ? `${seconds} s` : seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
}
