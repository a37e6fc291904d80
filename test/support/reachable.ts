import { inspect } from 'node:util';

/** A text, or bytes, that can be reached from an object, and how. */
export interface Reachable {
  readonly path: string;
  readonly text: string;
}

/**
 * All texts that an inspection could show of an object: what can be reached by own properties, symbols and hidden ones
 * included, and by the entries of Maps and Sets. `inspect` itself writes megabytes of a request.
 */
export function reachable(root: unknown): Reachable[] {
  const found: Reachable[] = [];
  const known = new Set<unknown>();
  const left: [string, unknown][] = [['', root]];
  for (let next = left.pop(); next; next = left.pop()) {
    const [path, value] = next;
    if (typeof value === 'string') found.push({ path, text: value });
    if (value === null || (typeof value !== 'object' && typeof value !== 'function')) continue;
    if (known.has(value)) continue;
    known.add(value);
    if (value instanceof Uint8Array) {
      // The whole memory behind it: an inspection shows that as well.
      const bytes = Buffer.from(value.buffer, 0, Math.min(value.buffer.byteLength, 65_536));
      found.push({ path, text: bytes.toString('latin1') });
    } else {
      left.push(
        ...partsOf(value).map(([name, part]) => [`${path}.${name}`, part] as [string, unknown]),
      );
    }
  }
  return found;
}

function partsOf(value: object): [string, unknown][] {
  const parts: [string, unknown][] = [];
  for (const key of Reflect.ownKeys(value)) {
    const descriptor = Reflect.getOwnPropertyDescriptor(value, key);
    if (descriptor && 'value' in descriptor) parts.push([String(key), descriptor.value]);
    // Names are shown as well.
    if (typeof key === 'string' && key.length > 20) parts.push(['(name)', key]);
  }
  if (value instanceof Map) {
    for (const [key, part] of value) parts.push(['(key)', key], [`(${typeof key})`, part]);
  }
  if (value instanceof Set) for (const part of value) parts.push(['(item)', part]);
  const custom = (value as { [inspect.custom]?: unknown })[inspect.custom];
  if (typeof custom === 'function') parts.push(['(inspected)', inspect(value, { depth: 3 })]);
  return parts;
}
