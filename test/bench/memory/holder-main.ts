import { createHash, randomBytes } from 'node:crypto';
import type { SessionRecord } from 'nestjs-server-session';
import { newContents } from '../contents.js';
import { newHolder } from './holders.js';
import type { HolderMessage, HolderSettings, Question } from './holder-process.js';

/** Fills one holder with sessions and measures it, in a process of its own, whose heap holds nothing else. */
const { kind, sessions, ...options } = JSON.parse(process.argv[2]!) as HolderSettings;

const TTL_SECONDS = 3600;
const LIFETIME = { idleMs: TTL_SECONDS * 1000, absoluteMs: Infinity };
const OPERATIONS = 50_000;
const GENERATION = 'g'.repeat(8);
const HASH = 'h'.repeat(43);

process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group; the parent decides when this process stops.
process.on('SIGINT', () => {});

const before = heapBytes();
const holder = newHolder(kind, options);
for (let number = 0; number < sessions; number++) {
  await holder.create(idOf(number), newRecord(), TTL_SECONDS);
}
const bytes = heapBytes() - before;
process.on('message', (question: Question) => {
  void time(question).then((nanosPerOperation) => tell({ nanosPerOperation }));
});
tell({ bytes });

function tell(message: HolderMessage): void {
  process.send?.(message);
}

/** Array buffers are a part of what is external. */
function heapBytes(): number {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

/** So that what was made to ask with is no work for the collector while it is asked. */
function clearYoungGeneration(): void {
  globalThis.gc!({ type: 'minor' });
  globalThis.gc!({ type: 'minor' });
}

/** On random sessions, whose ids are new strings, as those of a request are. */
async function time({ operation, busy }: Question): Promise<number> {
  const distance = Math.floor(sessions / busy);
  const ids = Array.from({ length: OPERATIONS }, () =>
    idOf(Math.floor(Math.random() * busy) * distance),
  );
  const work = operation === 'get' ? readAll : updateAll;
  clearYoungGeneration();
  const startedAt = process.hrtime.bigint();
  await work(ids);
  return Number(process.hrtime.bigint() - startedAt) / OPERATIONS;
}

async function readAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    if (!(await holder.get(id))) throw new Error('a session is missing');
  }
}

async function updateAll(ids: readonly string[]): Promise<void> {
  for (const id of ids) {
    const change = {
      generation: GENERATION,
      hash: HASH,
      isUse: false,
      set: { visits: '2' },
      remove: [],
      increment: {},
    };
    const { status } = await holder.update(id, change, LIFETIME);
    if (status === 'gone') throw new Error('a session is missing');
  }
}

/** As ids are: 128 bits in base64url. */
function idOf(number: number): string {
  return createHash('sha256').update(String(number)).digest('base64url').slice(0, 22);
}

/** A new session's record, made as the library makes it, of texts that no other record shares. */
function newRecord(): SessionRecord {
  const now = String(Date.now());
  const record: SessionRecord = {};
  record['$gen'] = Buffer.from(GENERATION).toString();
  record['$hash'] = randomBytes(32).toString('base64url');
  record['$created'] = now;
  record['$seen'] = now;
  for (const [field, value] of Object.entries(newContents())) record[field] = JSON.stringify(value);
  return record;
}
