import { randomUUID } from 'node:crypto';
import { mkdirSync } from 'node:fs';
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import type { SessionBackend, SessionRecord } from 'nestjs-server-session';

interface StoredFile {
  expiresAtMs: number;
  record: SessionRecord;
}

/** 128 random bits in base64url. Nothing else becomes part of a path, so no id leads out of the folder. */
const ID = /^[A-Za-z0-9_-]{22}$/;
const SWEEP_INTERVAL_MS = 60 * 60 * 1000;
/** A file is swept some time after it expired, when no request can still be writing it. */
const SWEEP_DELAY_MS = 60 * 1000;

/**
 * Keeps each session in a JSON file of its own: an example of a backend with the three basic methods. The library makes
 * parallel requests safe within one process; two processes must not share a folder.
 */
export class JsonFolderBackend implements SessionBackend, OnModuleInit, OnApplicationShutdown {
  #sweeping: NodeJS.Timeout | undefined;

  /** @param folder made where it is missing, readable by this user only */
  constructor(private readonly folder: string) {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
  }

  async onModuleInit(): Promise<void> {
    await this.sweep();
    this.#sweeping = setInterval(() => void this.sweep().catch(() => {}), SWEEP_INTERVAL_MS);
    this.#sweeping.unref();
  }

  onApplicationShutdown(): void {
    clearInterval(this.#sweeping);
  }

  async get(id: string): Promise<SessionRecord | null> {
    if (!ID.test(id)) return null;
    const file = await this.#read(`${id}.json`);
    return file && file.expiresAtMs > Date.now() ? file.record : null;
  }

  async set(id: string, record: SessionRecord, ttlSeconds: number): Promise<void> {
    if (!ID.test(id)) throw new TypeError('A session id is 22 characters of base64url.');
    const file: StoredFile = { expiresAtMs: Date.now() + ttlSeconds * 1000, record };
    const draft = join(this.folder, `${id}.${randomUUID()}.draft`);
    try {
      await writeFile(draft, JSON.stringify(file), { mode: 0o600, flag: 'wx' });
      // Renaming is atomic: a reader finds the old file or the new one, never half of it.
      await rename(draft, join(this.folder, `${id}.json`));
    } catch (error) {
      await rm(draft, { force: true });
      throw error;
    }
  }

  async delete(id: string): Promise<void> {
    if (ID.test(id)) await rm(join(this.folder, `${id}.json`), { force: true });
  }

  /** Removes the files of expired sessions, and drafts that a process left when it was killed. */
  async sweep(): Promise<void> {
    const names = await readdir(this.folder);
    for (const name of names.filter((each) => ID.test(each.slice(0, each.indexOf('.'))))) {
      const file = await this.#read(name);
      if (file && file.expiresAtMs + SWEEP_DELAY_MS < Date.now()) {
        await rm(join(this.folder, name), { force: true });
      }
    }
  }

  /** `undefined` where there is no file, or none that was written here. */
  async #read(name: string): Promise<StoredFile | undefined> {
    try {
      return parse(await readFile(join(this.folder, name), 'utf8'));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw error;
    }
  }
}

function parse(text: string): StoredFile | undefined {
  try {
    const file: unknown = JSON.parse(text);
    return isStoredFile(file) ? file : undefined;
  } catch {
    return undefined;
  }
}

function isStoredFile(value: unknown): value is StoredFile {
  const { expiresAtMs, record } = (value ?? {}) as Partial<StoredFile>;
  return typeof expiresAtMs === 'number' && typeof record === 'object' && record !== null;
}
