import { afterEach, beforeEach } from 'vitest';
import type { Provider, Type } from '@nestjs/common';
import { MemoryBackend, type SessionModuleOptions, SessionService } from 'nestjs-server-session';
import { ADAPTERS, type AdapterName, TestApp } from './app.js';
import type { Browser } from './browser.js';
import { Gate, GatedBackend } from './gated-backend.js';
import { AnswersGateway } from './gateway-answers.js';
import { script, SignedInGuard, TestGateway, VisitsController } from './gateway.js';
import {
  connect,
  type GatewayClient,
  type GatewayPlace,
  PLATFORMS,
  type PlatformName,
  useGateways,
} from './gateway-client.js';
import { until } from './until.js';

export const CELLS = PLATFORMS.flatMap((platform) =>
  ADAPTERS.map((adapter): [PlatformName, AdapterName] => [platform, adapter]),
).filter(([platform, adapter]) => platform !== 'socket.io, polling' || adapter === 'express');

/** Gateways that show their server. */
const SERVED: Type<unknown>[] = [TestGateway, AnswersGateway];
type Server = { clients: Set<unknown> } | { engine: { clientsCount: number } };

/** For each test of one cell: an application with a gateway, its backend, and the clients that a test connects. */
export class GatewaySuite {
  app!: TestApp;
  backend!: GatedBackend;
  /** How many reads the last connection took. */
  handshakeReads = 0;
  #clients: GatewayClient[] = [];
  #gateways: Provider[] = [];

  constructor(
    private readonly platform: PlatformName,
    private readonly adapter: AdapterName,
  ) {
    beforeEach(() => {
      this.backend = new GatedBackend(new MemoryBackend());
      this.#clients = [];
      Object.assign(script, { onConnection: async () => undefined, gate: new Gate(), seen: [] });
    });
    afterEach(async () => {
      for (const client of this.#clients) client.close();
      await until('the end of the connections', () => this.connections() === 0);
      await this.app.stop();
    });
  }

  async start(
    session: Partial<SessionModuleOptions> = {},
    gateways: Provider[] = [TestGateway],
  ): Promise<Browser> {
    const { adapter, backend } = this;
    this.#gateways = gateways;
    this.app = await TestApp.start({
      adapter,
      session: { backend, ...session },
      controllers: [VisitsController],
      providers: [...gateways, SignedInGuard],
      prepare: (app) => useGateways(app, this.platform),
    });
    return this.app.browser();
  }

  /** What the handshake reads is counted apart. */
  async connect(
    cookies: Record<string, string> = {},
    place: Partial<GatewayPlace> = {},
  ): Promise<GatewayClient> {
    const { reads } = this.backend;
    const client = await connect(this.platform, { url: this.app.url, ...place }, cookies);
    this.handshakeReads = this.backend.reads - reads;
    this.backend.reads = reads;
    this.#clients.push(client);
    return client;
  }

  /** A browser with one visit, and a socket of it. What the backend did for them is forgotten. */
  async visitor(
    session: Partial<SessionModuleOptions> = {},
    gateways?: Provider[],
    place?: Partial<GatewayPlace>,
  ): Promise<{ browser: Browser; client: GatewayClient }> {
    const browser = await this.start(session, gateways);
    await browser.post('/visits');
    this.forget();
    return { browser, client: await this.connect(browser.cookies, place) };
  }

  get sessions(): SessionService {
    return this.app.app.get(SessionService);
  }

  /** How many clients there are, where a gateway shows its server. */
  connections(): number {
    const gateway = SERVED.find((each) => this.#gateways.includes(each));
    if (!gateway) return 0;
    const { server } = this.app.app.get<{ server: Server }>(gateway);
    return 'clients' in server ? server.clients.size : server.engine.clientsCount;
  }

  forget(): void {
    this.backend.reads = 0;
    this.backend.writes.length = 0;
  }
}

export async function visitsOf(browser: Browser): Promise<unknown> {
  return (await browser.get('/visits')).json()['visits'];
}
