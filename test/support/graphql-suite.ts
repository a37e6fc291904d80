import { afterEach, expect } from 'vitest';
import type { Provider } from '@nestjs/common';
import { stringifyCookie } from 'cookie';
import { type Client, createClient } from 'graphql-ws';
import { MemoryBackend, type SessionModuleOptions, SessionService } from 'nestjs-server-session';
import WebSocket from 'ws';
import { TestApp } from './app.js';
import type { Browser } from './browser.js';
import { GatedBackend } from './gated-backend.js';
import { type GraphqlSetup, RESOLVERS } from './graphql-app.js';

type Answer = { data: Record<string, unknown>; errors?: unknown[] };

/** For each test of one setup: an application, its backend, a browser, and sockets that bring the browser's cookie. */
export class GraphqlSuite {
  app!: TestApp;
  browser!: Browser;
  backend!: GatedBackend;
  #sockets: Client[] = [];

  constructor(
    private readonly setup: GraphqlSetup,
    private readonly resolvers: Provider[] = RESOLVERS,
  ) {
    afterEach(async () => {
      for (const socket of this.#sockets) await socket.dispose();
      this.#sockets = [];
      await this.app.stop();
    });
  }

  async start(
    session: Partial<SessionModuleOptions> = {},
    providers: Provider[] = [],
  ): Promise<void> {
    const { backend } = session;
    this.backend =
      backend instanceof GatedBackend ? backend : new GatedBackend(new MemoryBackend());
    this.app = await TestApp.start({
      adapter: this.setup.adapter,
      session: { ...session, backend: this.backend },
      imports: [this.setup.module()],
      providers: [...this.resolvers, ...providers],
    });
    this.browser = this.app.browser();
  }

  post(body: object) {
    return this.browser.postJson('/graphql', body);
  }

  async ask(query: string): Promise<Answer> {
    return (await this.post({ query })).json<Answer>();
  }

  async data(query: string): Promise<Record<string, unknown>> {
    const { data, errors } = await this.ask(query);
    expect(errors).toBeUndefined();
    return data;
  }

  /** Opens a socket, whose handshake's read is not counted; what it returns gives all that an operation is answered, errors by their messages. */
  async connect(cookies = this.browser.cookies): Promise<(query: string) => Promise<unknown[]>> {
    const headers = { cookie: stringifyCookie(cookies) };
    const { reads } = this.backend;
    const client = createClient({
      url: `${this.app.url.replace('http', 'ws')}/graphql`,
      lazy: false,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers });
        }
      },
    });
    this.#sockets.push(client);
    await new Promise<void>((resolve) => client.on('connected', () => resolve()));
    this.backend.reads = reads;
    return async (query) => {
      const answers: unknown[] = [];
      try {
        for await (const { data, errors } of client.iterate({ query })) {
          answers.push(errors ? told(errors) : data);
        }
      } catch (error) {
        // An operation that never began.
        if (!Array.isArray(error)) throw error;
        answers.push(told(error));
      }
      return answers;
    };
  }

  get sessions(): SessionService {
    return this.app.app.get(SessionService);
  }

  forget(): void {
    this.backend.reads = 0;
    this.backend.writes.length = 0;
  }
}

function told(errors: readonly { message: string }[]): string {
  return errors.map(({ message }) => message).join('\n');
}
