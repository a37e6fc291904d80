import type { EndReason, EndsNews } from './session-ends.js';
import { UNIT, unescaped } from './escaped-text.js';

const REASONS: ReadonlySet<string> = new Set<EndReason>(['destroyed', 'revoked', 'limit']);

/**
 * Reads what was published of a session: the kind, what is told, and last the session's key, with unit separators between. A later version may publish other kinds, which say nothing to this one, and other
 * reasons.
 *
 * @param prefix of all keys, as the server sees them; '' where ids are keys
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
