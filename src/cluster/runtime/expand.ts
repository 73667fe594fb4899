/**
 * `$(NAME)` in command, args and env values (Kubernetes documentation, "Define Dependent Environment Variables"):
 * unknown names stay as written, `$$` is a dollar sign.
 */
export function expand(text: string, env: Readonly<Record<string, string>>): string {
  return text.replace(/\$\$|\$\(([A-Za-z_.-][A-Za-z0-9_.-]*)\)/g, (whole, name: string | undefined) =>
    name === undefined ? "$" : (env[name] ?? whole),
  );
}
