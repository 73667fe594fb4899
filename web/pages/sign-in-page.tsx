import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { call } from "../api/call.ts";
import { whoami } from "../api/queries.ts";
import { useRouter } from "../router/router.tsx";
import { Brand } from "../ui/brand.tsx";
import { Button } from "../ui/button.tsx";
import { Copyable } from "../ui/copyable.tsx";
import { Failure } from "../ui/states.tsx";
import { ThemeToggle } from "../ui/theme.tsx";

/** A one-time link carries its token in the fragment, where no server's log sees it; a token can be typed too. */
export function SignInPage({ next, signedIn }: { next: string; signedIn: boolean }) {
  const { go } = useRouter();
  const client = useQueryClient();
  const [token, setToken] = useState("");
  const tried = useRef(false);
  const signIn = useMutation({
    mutationFn: (secret: string) => call("signIn", { body: { token: secret } }),
    onSuccess: async () => {
      await client.invalidateQueries();
      await client.fetchQuery(whoami);
      go(next, { replace: true });
    },
  });
  const { mutate } = signIn;
  useEffect(() => {
    if (tried.current) return;
    tried.current = true;
    const secret = new URLSearchParams(window.location.hash.slice(1)).get("token");
    if (secret === null) return;
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
    mutate(secret);
  }, [mutate]);

  return (
    <main className="sign-in">
      <div className="corner">
        <ThemeToggle />
      </div>
      <div className="card">
        <h1>
          <Brand size={28} /> Quipu
        </h1>
        {signIn.isPending ? (
          <output>Signing in…</output>
        ) : (
          <>
            {signedIn ? (
              <p>
                You are signed in.{" "}
                <button type="button" className="plain link" onClick={() => go(next, { replace: true })}>
                  Go on
                </button>
              </p>
            ) : (
              <p className="dim">Sign in with a link from your terminal. It works once, for 15 minutes.</p>
            )}
            <Copyable command="npx quipu login --link" />
            <form
              onSubmit={(event) => {
                event.preventDefault();
                if (token.trim() !== "") mutate(token.trim());
              }}
            >
              <label htmlFor="token">Or with a token</label>
              <div className="row">
                <input
                  id="token"
                  type="password"
                  autoComplete="off"
                  spellCheck={false}
                  value={token}
                  onChange={(event) => setToken(event.target.value)}
                />
                <Button type="submit" disabledBecause={token.trim() === "" ? "Type a token first" : undefined}>
                  Sign in
                </Button>
              </div>
            </form>
            {signIn.error === null ? null : <Failure error={signIn.error} />}
          </>
        )}
      </div>
    </main>
  );
}
