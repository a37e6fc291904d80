/** For whoever asks for what only a server could know. */
export function noServer(): Error {
  return new Error(
    "These sessions are in their clients' cookies and nowhere else: none can be looked up, listed, revoked, issued or watched but in a request that brings it. Keep sessions in a backend for that, such as RedisBackend.",
  );
}
