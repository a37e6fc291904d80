import { parseSetCookie, stringifyCookie } from 'cookie';
import type { Browser } from './browser.js';

/** A stream of `@Sse()`, as its client sees it. */
export interface EventStream {
  /** What has come so far. */
  readonly text: string;
  /** When the server has ended it. */
  readonly ended: Promise<void>;
  /** Leaves. */
  close(): void;
}

/** Opens a stream; resolves when its first event has come. */
export async function openStream(url: string, browser: Browser): Promise<EventStream> {
  const leaving = new AbortController();
  const headers: Record<string, string> = { cookie: stringifyCookie(browser.cookies) };
  if (browser.token) headers['authorization'] = `Bearer ${browser.token}`;
  const response = await fetch(url, { headers, signal: leaving.signal });
  if (response.status !== 200) throw new Error(`The stream was answered ${response.status}`);
  for (const header of response.headers.getSetCookie()) {
    const { name, value } = parseSetCookie(header);
    browser.cookies[name] = value ?? '';
  }
  const reader = response.body!.getReader();
  const decoder = new TextDecoder();
  const stream = { text: '', ended: Promise.resolve(), close: () => leaving.abort() };
  const read = async () => {
    const { done, value } = await reader.read();
    stream.text += decoder.decode(value, { stream: true });
    return done;
  };
  while (!stream.text.includes('data:')) if (await read()) throw new Error('No event has come');
  stream.ended = (async () => {
    while (!(await read()));
  })();
  stream.ended.catch(() => {});
  return stream;
}
