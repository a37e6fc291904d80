import { randomBytes } from 'node:crypto';
import { Logger } from '@nestjs/common';
import { type ConfigType, registerAs } from '@nestjs/config';

/** Where sessions are kept. */
export type BackendConfig =
  { kind: 'memory' } | { kind: 'redis'; url: string } | { kind: 'json folder'; folder: string };

/** The environment, read and checked once for each application that starts. */
export const sampleConfig = registerAs('sample', () => ({
  port: port(process.env.PORT),
  sessionSecret: sessionSecret(process.env.SESSION_SECRET),
  backend: backend(process.env.REDIS_URL, process.env.SESSION_FOLDER),
}));

export type SampleConfig = ConfigType<typeof sampleConfig>;

function port(value: string | undefined): number {
  const number = Number(value || 3000);
  if (Number.isInteger(number) && number >= 0 && number <= 65_535) return number;
  throw new Error(`PORT is '${value}': write a number from 0 to 65535, or leave it out for 3000.`);
}

function sessionSecret(value: string | undefined): string {
  if (value) return value;
  if (process.env.NODE_ENV === 'production') {
    throw new Error('SESSION_SECRET is missing: write a random text of at least 32 characters.');
  }
  new Logger('Config').warn(
    'SESSION_SECRET is not set, so a random one is used: sessions end when this process restarts.',
  );
  return randomBytes(32).toString('base64url');
}

function backend(url: string | undefined, folder: string | undefined): BackendConfig {
  if (url && folder) {
    throw new Error('REDIS_URL and SESSION_FOLDER are both set: sessions are kept in one place.');
  }
  if (url) return { kind: 'redis', url };
  if (folder) return { kind: 'json folder', folder };
  return { kind: 'memory' };
}
