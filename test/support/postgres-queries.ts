import type { Pool } from 'pg';

/** What is sent through a pool while something runs. */
export async function queriesOf(
  pool: Pool,
  run: () => Promise<void>,
): Promise<{ name?: string; text: string }[]> {
  const sent: { name?: string; text: string }[] = [];
  const query = pool.query;
  Reflect.set(pool, 'query', (...args: never[]) => {
    sent.push(args[0]!);
    return Reflect.apply(query, pool, args);
  });
  try {
    await run();
  } finally {
    Reflect.deleteProperty(pool, 'query');
  }
  return sent;
}
