import { type Column, decimal, markdownTable } from '../table.js';
import { HolderProcess, type HolderSettings } from './holder-process.js';

interface Heap {
  readonly label: string;
  readonly sessions: number;
  readonly bytes: number;
}

/** What `MemoryBackend` holds at the most where nothing else is said. */
const DEFAULT_MAX = 1_000_000;

/** Measures heaps, one process after another, and prints them. */
export async function measureHeap(sessions: number, signal: AbortSignal): Promise<Heap[]> {
  const heaps: Heap[] = [];
  for (const settings of casesOf(sessions)) {
    const label = labelOf(settings);
    console.error(`filling: ${label}`);
    const holder = await HolderProcess.start(settings, signal);
    await holder.stop();
    heaps.push({ label, sessions: settings.sessions, bytes: holder.bytes });
  }
  console.log(`\n### heap\n\n${markdownTable(columns(heaps[0]!), heaps)}`);
  return heaps;
}

function casesOf(sessions: number): HolderSettings[] {
  const cases: HolderSettings[] = [
    { kind: 'Map', sessions },
    { kind: 'Map with expiry', sessions },
    { kind: 'MemoryBackend', sessions, maxSessions: sessions },
    { kind: 'MemoryBackend', sessions: 1, maxSessions: DEFAULT_MAX },
  ];
  if (sessions < DEFAULT_MAX) {
    cases.push({ kind: 'MemoryBackend', sessions, maxSessions: DEFAULT_MAX });
  }
  return cases;
}

function labelOf({ kind, maxSessions }: HolderSettings): string {
  return maxSessions === undefined ? kind : `${kind}, maxSessions ${maxSessions}`;
}

function columns(map: Heap): Column<Heap>[] {
  const perSession = ({ bytes, sessions }: Heap) => bytes / sessions;
  return [
    ['kept in', ({ label }) => label],
    ['sessions', ({ sessions }) => String(sessions)],
    ['MB', ({ bytes }) => decimal(bytes / 1e6, 1)],
    ['bytes/session', (heap) => decimal(perSession(heap), 0)],
    ['× Map', (heap) => decimal(perSession(heap) / perSession(map), 2)],
  ];
}
