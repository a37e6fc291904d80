import { type Answer, FIRST_VISIT, THEME } from './contents.js';

/** How many fields a session has, and how long they are together as JSON. */
export interface Shape {
  readonly fields: number;
  readonly kilobytes: number;
}

/** One of the fields, all of about the same length: a number that requests use, and a text that fills it up. */
type SizedField = [visits: number, text: string];
export type SizedContents = Record<string, SizedField>;

const TEXT = 'Lorem ipsum dolor sit amet, '.repeat(4000);

export function newSizedContents({ fields, kilobytes }: Shape): SizedContents {
  const around = '"f00":[1,""],'.length;
  const length = Math.max(0, Math.floor((kilobytes * 1000) / fields) - around);
  const contents: SizedContents = {};
  for (let i = 0; i < fields; i++) contents[`f${i}`] = [FIRST_VISIT, TEXT.slice(0, length)];
  return contents;
}

/** Reads a part of one field. */
export function readSized(session: object): Answer {
  return { visits: (session as SizedContents)['f0']![0], theme: THEME };
}

/** Changes a part of one field. */
export function writeSized(session: object): Answer {
  return { visits: ++(session as SizedContents)['f0']![0], theme: THEME };
}
