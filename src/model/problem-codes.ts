/**
 * Every error that Quipu reports, by its stable code. A code is never renamed and never reused. `docs/errors.md` is
 * written from this registry (`UPDATE_GOLDEN=1 npx vitest run src/model/problem-codes.spec.ts`) and a test keeps them equal.
 */
export interface ProblemKind {
  /** The HTTP status with which the API answers. */
  readonly status: number;
  /** A few words, the same for every occurrence (RFC 9457 `title`). */
  readonly title: string;
  /** What it means and what to do, in a sentence or two. */
  readonly doc: string;
}

function kind(status: number, title: string, doc: string): ProblemKind {
  return Object.freeze({ status, title, doc });
}

export const problemCodes = {
  // What is declared: shape and values.
  "broken-yaml": kind(
    400,
    "Broken YAML",
    "The text can't be read as YAML or JSON. The problem carries the line and column of the first thing that doesn't fit.",
  ),
  "not-a-document": kind(
    400,
    "Not a document",
    "Each document is an object with apiVersion, kind, metadata and spec. A list, a text or a number was found in its place.",
  ),
  "unknown-api-version": kind(400, "Unknown apiVersion", "Every kind of Quipu has apiVersion quipu.dev/v1."),
  "unknown-kind": kind(
    400,
    "Unknown kind",
    "The kind isn't one of Quipu's. Kubernetes and Istio objects are made by Quipu and can't be applied to it.",
  ),
  "unknown-field": kind(
    422,
    "Unknown field",
    "The field doesn't exist at this place. When its name is close to one that does, the problem says which was probably meant.",
  ),
  "missing-field": kind(422, "Missing field", "A field that must be given is absent."),
  "wrong-type": kind(
    422,
    "Wrong type",
    "The value has another type than the field's, such as a number where a text is needed. Quote texts that look like numbers.",
  ),
  "wrong-unit": kind(
    422,
    "Wrong or missing unit",
    "Durations are written with ms, s, m or h (800ms, 3s, 1m30s); CPU in cores or m (250m); memory in bytes or with Ki, Mi, Gi, Ti, k, M, G, T (256Mi).",
  ),
  "out-of-range": kind(422, "Out of range", "The number, duration or length lies outside of what is accepted."),
  "not-one-of": kind(
    422,
    "Not one of the accepted values",
    "The field takes one of a few values; the problem lists them.",
  ),
  "bad-format": kind(
    422,
    "Bad format",
    "The text doesn't have the form that the field needs; the problem tells the form.",
  ),
  "bad-name": kind(
    422,
    "Bad name",
    "Names are DNS-1035 labels: lower-case letters, digits and '-', first a letter, last a letter or digit, at most 50 characters.",
  ),
  duplicate: kind(422, "Duplicate", "Two entries of a list claim the same name, port, callee or path."),
  "reserved-port": kind(422, "Reserved port", "Ports 15000 to 15099 belong to the sidecar."),
  "reserved-name": kind(
    422,
    "Reserved name",
    "The name or label belongs to Quipu, Istio or Kubernetes, so that it can't be given away.",
  ),
  "conflicting-fields": kind(
    422,
    "Conflicting fields",
    "Two fields can't be used together, or their values contradict each other.",
  ),
  "unknown-reference": kind(
    422,
    "Unknown reference",
    "The field names something (a port, a window, an issuer, a cluster) that isn't declared where it is looked for.",
  ),
  unsupported: kind(
    422,
    "Not supported yet",
    "The value is part of the design and refused by name until it is built, so that nothing is accepted that has no effect.",
  ),
  "too-large": kind(413, "Too large", "An App may take at most 1 MiB."),
  "guard-rail": kind(
    422,
    "Against a guard-rail",
    "A Policy limits, requires or forbids this field, and neither App nor override may go against it. The problem names the Policy.",
  ),
  "immutable-field": kind(
    422,
    "Field can't be changed",
    "The field is part of an identity; make a new object instead.",
  ),
  // Requests to the API.
  "bad-request": kind(
    400,
    "Bad request",
    "The request itself doesn't make sense: a header, a query parameter or the path disagrees with the body. The problem names which.",
  ),
  unauthenticated: kind(
    401,
    "Not signed in",
    "The request carries no credential, or one that isn't known, has expired or was used up. Send Authorization: Bearer TOKEN, or sign in.",
  ),
  forbidden: kind(
    403,
    "Not allowed",
    "Who asks is known but has no role that allows this. The problem tells the roles that would.",
  ),
  "not-found": kind(404, "Not found", "There is no such object."),
  "unknown-route": kind(404, "Unknown route", "The API has no such path. /openapi.json lists all of them."),
  "method-not-allowed": kind(
    405,
    "Method not allowed",
    "The path exists, but takes other methods; the Allow header lists them.",
  ),
  "revision-conflict": kind(
    412,
    "Somebody else was first",
    "The object isn't at the revision that If-Match (or If-None-Match) expects. Read it again, look at the difference, and send the change on the new revision.",
  ),
  "unsupported-media-type": kind(
    415,
    "Unsupported media type",
    "The body has a content type that this path doesn't read.",
  ),
  "idempotency-conflict": kind(
    422,
    "Idempotency key reused",
    "The same Idempotency-Key came with another request. Take a new key for a new request.",
  ),
  "artifact-mismatch": kind(
    422,
    "Artifact doesn't match its digest",
    "The bytes that arrived don't have the digest that was announced. Nothing was kept.",
  ),
  "no-image": kind(
    422,
    "Nothing to run",
    "A deployment needs an image with a tag or digest, or an artifact; an artifact runs in embedded clusters alone.",
  ),
  "not-now": kind(
    409,
    "Not possible now",
    "A release can't be told this at the point that it has come to; the problem says why, and what it can be told.",
  ),
  "was-rejected": kind(
    409,
    "Was taken back before",
    "This very part was tried and taken back; the problem says by which release and why. Change it, or retry.",
  ),
  "keeps-good-part": kind(
    200,
    "A rejected part isn't released again",
    "The App still declares a part that was taken back or undone. Releases keep the good one until the part is edited or retry is given.",
  ),
  "nothing-to-undo": kind(
    409,
    "Nothing to undo",
    "There is no earlier release that finished everywhere, or what it ran is gone.",
  ),
  "no-capacity": kind(
    422,
    "The cluster can't carry it",
    "While a release is under way old and new pods run side by side; the cluster's declared capacity has no room for a step.",
  ),
  "being-removed": kind(
    409,
    "Still being removed",
    "The app was deleted and its last requests are drained. Try again when that release has finished.",
  ),
  "in-use": kind(409, "Still in use", "Other objects refer to this one; the problem names them."),
  "window-closed": kind(
    409,
    "No release may begin now",
    "A Window freezes releases, or allows them only at other times. The problem names the Window and its reason.",
  ),
  "cluster-unreachable": kind(
    502,
    "Cluster can't be reached",
    "The Kubernetes API of the cluster didn't answer. What runs there goes on.",
  ),
  "agent-replaced": kind(
    409,
    "Another agent works there",
    "Of several agents of a cluster only the one that dialled in last counts. After a restart of the server each has to dial in again, which it does by itself.",
  ),
  "cluster-refused": kind(
    409,
    "Not the cluster that is meant",
    "The cluster stands under another name in this fleet already, or isn't the one that this name stood for before. The problem says which, and what to do.",
  ),
  "kubeconfig-lent": kind(
    409,
    "Kubeconfig isn't given away",
    "The cluster was joined by a kubeconfig that the server may use and hands to nobody. Take one of your own, from whoever runs the cluster.",
  ),
  "store-failed": kind(
    503,
    "The store can't go on",
    "The disk is full, the store is damaged, or its database is refused or taken over by another server. The server stops; nothing was half done.",
  ),
  "store-unavailable": kind(
    503,
    "The store can't be reached",
    "The database that holds the store is away for a moment (restarted, or the connection was lost). The server goes on by itself when it is back: try again. Nothing was changed, unless the problem says that this isn't known: then look before you send it again, or send it with the same Idempotency-Key.",
  ),
  internal: kind(
    500,
    "Internal error",
    "Something went wrong inside the server; its log tells more under the request's id.",
  ),
  // Why a release failed.
  "never-ready": kind(
    422,
    "Pods never became ready",
    "The new revision's pods weren't ready within the progress deadline. It was removed again; what ran is untouched.",
  ),
  crashing: kind(
    422,
    "The new revision crashes",
    "Its process doesn't start or exits again and again. It was removed again; what ran is untouched.",
  ),
  "not-applied": kind(
    422,
    "A cluster didn't apply the change",
    "The cluster is out of contact, or refuses an object. The release went back to what ran before.",
  ),
  rejected: kind(
    422,
    "A proxy rejected the change",
    "Some sidecar or gateway refused its new configuration. The release went back to what ran before; the reason tells the proxy and what it refused.",
  ),
  superseded: kind(422, "Superseded", "A newer release of the app came before this one carried anything."),
  aborted: kind(422, "Aborted", "Somebody gave the release up. It went back to what ran before."),
  // Warnings: legal, but probably wrong. They never stop a change.
  "missing-callee": kind(
    200,
    "Call to an app that doesn't exist yet",
    "The order of creation doesn't matter: the call opens when the app appears.",
  ),
  "missing-consent": kind(
    200,
    "Call across segments without consent",
    "The callee lies in another segment and its access.callers doesn't name the caller; the call stays closed until it does.",
  ),
  "callee-elsewhere": kind(
    200,
    "Callee doesn't run in this cluster",
    "Calls from clusters without the callee have no endpoint until calls across clusters are built. Place both in the same clusters.",
  ),
  "missing-segment": kind(
    200,
    "Segment isn't declared",
    "The app is accepted and its namespace made, with the fleet's defaults. Declare the segment to set its own.",
  ),
  "not-deployed": kind(
    200,
    "Declared, not deployed",
    "The app has no image yet: nothing runs. Deploy it: quipu deploy APP --image IMAGE or --from DIR.",
  ),
  "retries-exceed-timeout": kind(
    200,
    "Retries don't fit the timeout",
    "attempts × perTryTimeout (and the first try) takes longer than the timeout allows, so the last tries never finish.",
  ),
  "deadline-exceeds-caller": kind(
    200,
    "Deadline longer than the caller's",
    "The call may take longer than its caller's own callers wait: the work is done for nobody.",
  ),
  "retry-amplification": kind(
    200,
    "Retries multiply along the call graph",
    "Each level retries what the next already retries; the worst path multiplies one request into the product of all tries.",
  ),
  "limit-above-pool": kind(
    200,
    "Limit above the pool",
    "A limit of the callers (or a rate limit) admits more at once than the callee's inbound pool accepts.",
  ),
  "replicas-cannot-carry-step": kind(
    200,
    "Replicas can't carry a step's weight",
    "The old revision's replicas stay until the end; beside them the cluster has no room for the new one's share at this step.",
  ),
  "exposed-without-authentication": kind(
    200,
    "Exposed without authentication",
    "The path is open to anybody who reaches the gateway; give it a jwt issuer, or say that it is meant.",
  ),
  "exposed-without-tls": kind(200, "Exposed without TLS", "The host is served in plain text."),
  "http-rule-for-tcp": kind(
    200,
    "HTTP rule for a TCP app",
    "The callee has no HTTP port, so that a call restricted to methods or paths never matches and is refused.",
  ),
  "path-taken": kind(
    200,
    "Path already exposed",
    "Another app exposes the same host and path; the first by name serves it.",
  ),
  "caller-overrides": kind(
    200,
    "Callers have limits of their own",
    "The app sets a timeout or retries, but some callers set their own for their calls to it: the caller's value counts. The problem names them.",
  ),
  "still-called": kind(
    200,
    "Still called",
    "The app was withdrawn though others declare calls to it; the problem names them. Those calls fail until it is back or they no longer make them.",
  ),
  "pause-without-effect": kind(
    200,
    "A pause without effect",
    "A pause of a cluster's healing names an app that isn't declared, or an end that has passed: what is changed by hand is put right all the same.",
  ),
  "objects-stay": kind(
    200,
    "Objects stay in the cluster",
    "A cluster that leaves keeps everything as it is: nothing is deleted, and nothing is healed or released there any more. Delete what isn't wanted there by hand (its label is quipu.dev/managed=true). If the cluster comes back under the same name, Quipu goes on with what it finds.",
  ),
  "unused-consent": kind(200, "Unused consent", "access.callers admits an app that declares no such call."),
} as const satisfies Record<string, ProblemKind>;

export type ProblemCode = keyof typeof problemCodes;
