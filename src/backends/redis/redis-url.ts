/** Where a Redis is; nothing that is secret. */
export interface RedisAddress {
  readonly host: string;
  readonly port: number;
}

const DEFAULT_PORT = 6379;

/**
 * Checks a URL of Redis as far as that goes without asking Redis. What is wrong is never quoted: it may be the password.
 * @throws TypeError which says what to write
 */
export function readRedisUrl(url: unknown): RedisAddress {
  if (url === undefined || url === '') {
    fail('the URL is missing, as where an environment variable is not set');
  }
  if (typeof url !== 'string' || !/^rediss?:\/\//i.test(url)) {
    fail('write a URL that begins with redis:// or rediss://');
  }
  if (!URL.canParse(url)) {
    fail('the URL has no host, or a host or port that can’t be read');
  }
  const { hostname, port, pathname, hash, username, password } = new URL(url);
  if (hostname === '') fail('the URL has no host');
  if (hash !== '') fail('the URL holds a #');
  if (!/^\/?\d*$/.test(pathname)) {
    fail('what follows the host and port is the number of a database, such as /2');
  }
  if (!isDecodable(username) || !isDecodable(password)) {
    fail('a % in the user or password begins no percent-encoded character');
  }
  return { host: hostname, port: port === '' ? DEFAULT_PORT : Number(port) };
}

function fail(problem: string): never {
  throw new TypeError(
    `RedisBackend.fromUrl: ${problem}. Write it as 'redis://user:password@127.0.0.1:6379/0', with encodeURIComponent(password) where that has special characters.`,
  );
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
