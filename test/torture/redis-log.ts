import { createHash } from 'node:crypto';

/** A session's key, as the application's backend names it, and that of a principal's index. */
const PREFIX = 'sess:';
const indexKey = (principal: string) =>
  `${PREFIX}of:${createHash('sha256').update(principal).digest('base64url')}`;

/** What ends the parts of a record, and the name of one. */
const RECORD = '\x1e';
const UNIT = '\x1f';

/** How much is shown of what happened to one session: its end is what matters. */
const SHOWN = 60;

/**
 * What Redis wrote about a session and about it in the indexes of whoever's it was, with the fences in between, in the order
 * in which it did: by its append-only file. Of several writes in a row that are alike only the last is told.
 */
export function writesAbout(log: string, id: string): string[] {
  const key = PREFIX + id;
  const commands = [...commandsOf(log)];
  const records = commands.filter(([name, at]) => name === 'SET' && at === key);
  const principals = new Set(records.flatMap(([, , text]) => whoseOf(text!) ?? []));
  const indexes = new Map([...principals].map((each) => [indexKey(each), each]));
  const lines: { text: string; isOwn: boolean }[] = [];
  for (const [name, at, ...args] of commands) {
    const isIndex = indexes.has(at!);
    const isOwn = at === key || (isIndex && args.some((arg) => arg.endsWith(id)));
    const isFence = isIndex && name === 'ZADD' && args.includes('!fence');
    if (!isOwn && !isFence && !(isIndex && name === 'DEL')) continue;
    const what = name === 'SET' ? recordOf(args[0]!) : args.join(' ');
    const text = `${name} ${at === key ? 'session' : `index of ${indexes.get(at!)}`} ${what}`;
    if (lines.at(-1)?.text !== text) lines.push({ text, isOwn });
  }
  const first = lines.findIndex(({ isOwn }) => isOwn);
  const last = lines.findLastIndex(({ isOwn }) => isOwn);
  return lines
    .slice(first, last + 2)
    .slice(-SHOWN)
    .map(({ text }) => text);
}

/** Whose a record is, its generation, and when it was seen last. */
function recordOf(text: string): string {
  const [, generation, , , seenMs] = text.split(RECORD, 1)[0]!.split(UNIT);
  return `of ${whoseOf(text) ?? 'nobody'}, generation ${generation}, seen at ${seenMs}`;
}

function whoseOf(record: string): string | undefined {
  const own = record.split(RECORD).find((each) => each.startsWith(`$principal${UNIT}`));
  return own?.slice(`$principal${UNIT}`.length);
}

/** The commands of a file in the protocol's form; what comes between them, such as times, is skipped. */
function* commandsOf(log: string): Generator<string[]> {
  for (let at = 0; (at = log.indexOf('*', at)) >= 0;) {
    const head = /\*(\d+)\r\n/y;
    head.lastIndex = at;
    const match = head.exec(log);
    if (!match) {
      at++;
      continue;
    }
    at = head.lastIndex;
    const command: string[] = [];
    for (let left = Number(match[1]); left > 0; left--) {
      const end = log.indexOf('\r\n', at);
      const length = Number(log.slice(at + 1, end));
      command.push(log.slice(end + 2, end + 2 + length));
      at = end + 2 + length + 2;
    }
    yield [command[0]!.toUpperCase(), ...command.slice(1)];
  }
}
