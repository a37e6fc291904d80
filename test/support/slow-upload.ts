import { once } from 'node:events';
import { type ClientRequest, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { Browser } from './browser.js';

const BOUNDARY = 'a-boundary-of-parts';

/** A browser's upload of one file, whose last bytes wait until the test lets them go. */
export class SlowUpload {
  readonly #request: ClientRequest;
  readonly #answer: Promise<unknown[]>;

  constructor(url: string, browser: Browser, name: string) {
    this.#request = request(url, {
      method: 'POST',
      headers: {
        'content-type': `multipart/form-data; boundary=${BOUNDARY}`,
        cookie: `sid=${encodeURIComponent(browser.cookies['sid']!)}`,
      },
      agent: false,
    });
    this.#answer = once(this.#request, 'response');
    this.#request.write(
      `--${BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="${name}"\r\nContent-Type: text/plain\r\n\r\n`,
    );
  }

  /** Sends the rest. @returns the answer's status */
  async finish(): Promise<number> {
    this.#request.end(`some text\r\n--${BOUNDARY}--\r\n`);
    const [response] = (await this.#answer) as [IncomingMessage];
    await text(response);
    return response.statusCode!;
  }
}
