/**
 * Checks a URL of PostgreSQL as far as that goes without asking it. What is wrong is never quoted: it may be the password.
 * @throws TypeError which says what to write
 */
export function checkPostgresUrl(url: unknown): asserts url is string {
  if (url === undefined || url === '') {
    fail('the URL is missing, as where an environment variable is not set');
  }
  if (typeof url !== 'string' || !/^postgres(ql)?:\/\//i.test(url)) {
    fail('write a URL that begins with postgres:// or postgresql://');
  }
  if (!URL.canParse(url)) {
    fail('the URL has a host or port that can’t be read');
  }
  const { hash, username, password } = new URL(url);
  if (hash !== '') fail('the URL holds a #');
  if (!isDecodable(username) || !isDecodable(password)) {
    fail('a % in the user or password begins no percent-encoded character');
  }
}

function fail(problem: string): never {
  throw new TypeError(
    `PostgresBackend.fromUrl: ${problem}. Write it as 'postgres://user:password@127.0.0.1:5432/database', with encodeURIComponent(password) where that has special characters.`,
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
