import { OptionsChecker } from '../session.options-checker.js';
import type { ResolvedCookieOptions } from '../session.options.js';
import { setCookie } from '../transports/cookie.js';
import { AROUND, chunkName, MAX_CHUNKS } from './chunks.js';

/** A hundred years in seconds, the longest life that there is. */
const LONGEST = 3_155_760_000;

/** What is wrong with a cookie whose name and attributes leave too little room for a session; `undefined` where nothing is. */
export function roomProblem(options: ResolvedCookieOptions): string | undefined {
  const name = chunkName(options.name, MAX_CHUNKS - 1);
  const { length } = setCookie('', { ...options, name }, true, LONGEST);
  return length <= AROUND
    ? undefined
    : `cookie: its name, path, domain and other attributes take ${length} bytes: with cookieSessions() at most ${AROUND}, as browsers keep 4096 of a cookie and the session needs the rest. Write a shorter cookie.name, cookie.path or cookie.domain`;
}

/** @throws SessionOptionsError */
export function checkRoom(options: ResolvedCookieOptions): void {
  const problem = roomProblem(options);
  if (problem === undefined) return;
  const check = new OptionsChecker();
  check.problem(problem);
  check.fail('The options of the session cookie of this request do not work:');
}
