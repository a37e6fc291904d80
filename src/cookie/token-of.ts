import { recordText } from '../backends/record-text.js';
import type { SessionRecord } from '../backends/session-backend.js';
import { SessionSizeError } from '../errors/session-size.error.js';
import { shownName } from '../session/flash-names.js';
import { dataFields } from '../session/metadata.js';
import { MAX_LENGTH } from './chunks.js';
import { MAX_TEXT, pack } from './packing.js';
import { sealedLength } from './sealed-text.js';

/** How many fields an error names. */
const NAMED = 3;

/** The token of a record, a character for each byte. @throws SessionSizeError where that does not fit in cookies */
export function tokenOf(id: string, record: SessionRecord): string {
  const text = id + recordText(record);
  const bytes = Buffer.byteLength(text);
  if (bytes > MAX_TEXT) {
    throw tooLarge(record, `${bytes} bytes before compression, of at most ${MAX_TEXT}`);
  }
  const packed = pack(text);
  const length = sealedLength(packed.length);
  if (length > MAX_LENGTH) {
    throw tooLarge(record, `${length} characters once encrypted, of at most ${MAX_LENGTH}`);
  }
  return packed.toString('latin1');
}

function tooLarge(record: SessionRecord, size: string): SessionSizeError {
  const fields = dataFields(record).map((name) => [shownName(name), record[name]!.length] as const);
  const largest = fields.sort(([, a], [, b]) => b - a).slice(0, NAMED);
  return new SessionSizeError(size, largest);
}
