import type { EndReason, EndsNews } from '../session-ends.js';
import { UNIT, unescaped } from '../record-text.js';

/**
 * News as they are published: the kind, what is told, and last the session's key, with unit separators between. Parts of a
 * record stand as the record holds them. Where the account may not publish, or the server can't, all else goes on.
 */
export const TELLING = `
local function tell(channel, ...) redis.pcall('PUBLISH', channel, table.concat({ ... }, '\\31')) end
`;

const REASONS: ReadonlySet<string> = new Set<EndReason>(['destroyed', 'revoked', 'limit']);

/**
 * Reads what was published of a session. A later version may publish other kinds, which say nothing to this one, and other
 * reasons.
 *
 * @param prefix of all keys, as the server sees them
 */
export function readNews(text: string, prefix: string): EndsNews | undefined {
  const [kind, ...parts] = text.split(UNIT);
  const idFrom = (index: number) => {
    const key = parts.slice(index).join(UNIT);
    return key.startsWith(prefix) ? key.slice(prefix.length) : undefined;
  };
  switch (kind) {
    case 'ended': {
      const id = idFrom(2);
      return id === undefined ? undefined : { kind, id, ...endOf(parts[0]!, parts[1]!) };
    }
    case 'replaced': {
      const id = idFrom(1);
      return id === undefined ? undefined : { kind, id, generation: unescaped(parts[0]!) };
    }
    case 'shortened': {
      const id = idFrom(0);
      return id === undefined ? undefined : { kind, id };
    }
    default:
      return undefined;
  }
}

function endOf(
  reason: string,
  principal: string,
): { reason: EndReason; principal: string | undefined } {
  return {
    reason: REASONS.has(reason) ? (reason as EndReason) : 'destroyed',
    principal: principal === '' ? undefined : unescaped(principal),
  };
}
