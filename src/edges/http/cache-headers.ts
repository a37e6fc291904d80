import type { ServerResponse } from 'node:http';

/** A directive of `Cache-Control`, whose argument may be quoted and hold commas (RFC 9111, section 5.2). */
const DIRECTIVE = /(?:[^,"]|"(?:\\.|[^"\\])*"?)+/g;

/** Directives that keep a whole response out of shared caches. `private="field"` keeps out one field of it. */
const UNSHARED = new Set(['private', 'no-store']);

/**
 * Keeps a response that carries a token out of shared caches: everybody would get the token (OWASP, "Web Content
 * Caching"). What the handler said of caching stays where it says so itself.
 */
export function keepUnshared(response: ServerResponse): void {
  removeTargetedFields(response);
  if (!isUnshared(response.getHeader('Cache-Control'))) {
    response.setHeader('Cache-Control', 'no-store');
  }
}

/** Removes what tells some caches something else than `Cache-Control`, which they would then ignore. */
export function removeTargetedFields(response: ServerResponse): void {
  for (const name of response.getHeaderNames()) {
    if (isTargeted(name)) response.removeHeader(name);
  }
}

function isUnshared(cacheControl: number | string | string[] | undefined): boolean {
  const directives = String(cacheControl ?? '').match(DIRECTIVE) ?? [];
  return directives.some((directive) => UNSHARED.has(directive.trim().toLowerCase()));
}

/** Targeted fields end in `-Cache-Control` by convention (RFC 9213); the others are older than it. */
function isTargeted(name: string): boolean {
  if (name.endsWith('-cache-control')) return true;
  return name === 'surrogate-control' || name === 'edge-control' || name === 'x-accel-expires';
}
