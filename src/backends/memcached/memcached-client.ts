/** What is used of a `MemcacheClient` of memcache-client, of whichever copy. */
export interface MemcachedClient {
  gets(key: string): Promise<unknown>;
  add(key: string, value: string, options: { lifetime: number }): Promise<unknown>;
  cas(
    key: string,
    value: string,
    options: { lifetime: number; casUniq: string | number },
  ): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}

const METHODS = ['gets', 'add', 'cas', 'delete'] as const;

/** @throws TypeError where it is no client, or one that would look for a session anywhere */
export function checkClient(client: unknown): void {
  const given = (client ?? {}) as Record<string, unknown>;
  const missing = METHODS.filter((name) => typeof given[name] !== 'function');
  if (missing.length > 0) {
    fail(`the client has no method ${missing.join(', ')}`, 'with one server');
  }
  const { server } = (given['options'] ?? {}) as { server?: { servers?: unknown[] } };
  if ((server?.servers?.length ?? 0) > 1) {
    fail('the client takes another of its servers each time', 'with one server, or a proxy');
  }
}

function fail(problem: string, what: string): never {
  throw new TypeError(
    `MemcachedBackend: ${problem}. Write new MemcachedBackend({ client: new MemcacheClient({ server: '127.0.0.1:11211' }) }), ${what}, or MemcachedBackend.fromServer('127.0.0.1:11211').`,
  );
}
