/** @ts-ignore ioredis may be missing: this is `any` then. */
export type Redis = import('ioredis').Redis;
/** @ts-ignore As above. */
type IORedis = typeof import('ioredis');

/**
 * ioredis is an optional peer, so it is looked for when it is needed. CommonJS in both builds: a `require` inside of `try`
 * is what node, Jest and bundlers all take for a package that may be missing.
 * @throws Error where ioredis is not installed
 */
export function loadRedis(): IORedis['Redis'] {
  try {
    return (require('ioredis') as IORedis).Redis;
  } catch (cause) {
    throw new Error('RedisBackend.fromUrl needs ioredis: npm install ioredis', { cause });
  }
}
