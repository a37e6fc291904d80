import type { ServerResponse } from 'node:http';

/** A directive of `Cache-Control`, whose argument may be quoted and hold commas (RFC 9111, section 5.2). */
const DIRECTIVE = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;

/** Keeps a whole response out of all caches. */
const UNSTORED = new Set(['no-store']);
/** Directives that keep a whole response out of shared caches. `private="field"` keeps out one field of it. */
const UNSHARED = new Set(['private', 'no-store']);

/**
 * Keeps a response that carries a token out of shared caches: everybody would get the token (OWASP, "Web Content
 * Caching"). What the handler said of caching stays where it says so itself.
 */
export function keepUnshared(response: ServerResponse): void {
  removeTargetedFields(response);
  setUnlessOneOf(response, UNSHARED);
}

/**
 * Keeps a response whose token scripts read out of every cache, a browser's own included: a stored answer would hand out
 * a token that was replaced since (RFC 6749, 5.1).
 */
export function keepUnstored(response: ServerResponse): void {
  removeTargetedFields(response);
  setUnlessOneOf(response, UNSTORED);
}

/** Removes what tells some caches something else than `Cache-Control`, which they would then ignore. */
export function removeTargetedFields(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (isTargeted(name)) response.removeHeader(name);
  }
}

function setUnlessOneOf(response: ServerResponse, wanted: ReadonlySet<string>): void {
  const given = String(response.getHeader('Cache-Control') ?? '').match(DIRECTIVE) ?? [];
  if (given.some((directive) => wanted.has(directive.trim().toLowerCase()))) return;
  response.setHeader('Cache-Control', 'no-store');
}

/** Targeted fields end in `-Cache-Control` by convention (RFC 9213); the others are older than it. */
function isTargeted(name: string): boolean {
  if (name.endsWith('-cache-control')) return true;
  return name === 'surrogate-control' || name === 'edge-control' || name === 'x-accel-expires';
}
