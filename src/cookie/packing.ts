import { deflateRawSync, inflateRawSync } from 'node:zlib';

const PLAIN = 0;
const DEFLATED = 1;
/** Below it a request with such a cookie fits in a packet as it is, and compressing costs more than it brings. */
const DEFLATE_FROM = 1024;
/** The longest text that is taken or given, in bytes: what it takes to read one is paid with each request. */
export const MAX_TEXT = 65_536;

/** What it takes to keep a text, compressed where that helps: a mark, and the bytes. */
export function pack(text: string): Buffer {
  const bytes = Buffer.from(text);
  const isLong = bytes.length >= DEFLATE_FROM;
  return isLong ? marked(DEFLATED, deflateRawSync(bytes)) : marked(PLAIN, bytes);
}

/** `undefined` where it is nothing that was packed, or longer than what is. */
export function unpack(packed: Buffer): string | undefined {
  const bytes = packed.subarray(1);
  if (packed[0] === PLAIN) return bytes.toString();
  if (packed[0] !== DEFLATED) return undefined;
  try {
    return inflateRawSync(bytes, { maxOutputLength: MAX_TEXT }).toString();
  } catch {
    return undefined;
  }
}

function marked(mark: number, bytes: Buffer): Buffer {
  return Buffer.concat([Uint8Array.of(mark), bytes]);
}
