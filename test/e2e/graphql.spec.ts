import { afterEach, describe, expect, it } from '@jest/globals';
import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import {
  Context,
  GqlExecutionContext,
  GraphQLModule,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Args,
  Subscription,
} from '@nestjs/graphql';
import { ExecutionContextHost } from '@nestjs/core/helpers/execution-context-host.js';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import {
  MemoryBackend,
  Session,
  type SessionModuleOptions,
  SessionService,
} from 'nestjs-server-session';
import { createClient } from 'graphql-ws';
import WebSocket from 'ws';
import { type AdapterName, TestApp } from '../support/app.js';
import type { Browser } from '../support/browser.js';
import { GatedBackend } from '../support/gated-backend.js';

const SCHEMA = /* GraphQL */ `
  type Visit {
    number: Int!
    isSame: Boolean!
  }
  type Query {
    visits: Int!
    again: Int!
    visit: Visit!
    open: Int!
    current: Int!
    guarded: String!
  }
  type Mutation {
    visit: Int!
    field(number: Int!): Int!
    signIn(userId: String!): String!
    signOut: Boolean!
    renew: Boolean!
  }
  type Subscription {
    user: String!
  }
`;

@Injectable()
class SignedInGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    const session = await this.sessions.of(context);
    const same = await this.sessions.of(GqlExecutionContext.create(context));
    return session === same && session.userId !== undefined;
  }
}

@Resolver('Visit')
class VisitResolver {
  constructor(private readonly sessions: SessionService) {}

  @ResolveField()
  async isSame(@Parent() { session }: { session: Session }, @Context() context: object) {
    return (await this.sessions.of(context)) === session;
  }
}

@Resolver()
class AppResolver {
  constructor(private readonly sessions: SessionService) {}

  @Query()
  visits(@Session() session: Session) {
    return session.visits ?? 0;
  }
  @Query()
  again(@Session('visits') visits: number | undefined) {
    return visits ?? 0;
  }
  @Query('visit')
  visitNow(@Session() session: Session) {
    return { number: session.visits ?? 0, session };
  }
  @Query()
  open() {
    return 1;
  }
  @Query()
  @UseGuards(SignedInGuard)
  guarded(@Session() session: Session) {
    return session.userId;
  }
  @Query()
  current() {
    return this.sessions.current?.visits ?? 0;
  }
  @Mutation()
  visit(@Session() session: Session) {
    return session.increment('visits');
  }
  @Mutation()
  field(@Session() session: Session, @Args('number') number: number) {
    return (session[`field${number}`] = number);
  }
  @Mutation()
  async signIn(@Session() session: Session, @Args('userId') userId: string) {
    await session.regenerate();
    return (session.userId = userId);
  }
  @Mutation()
  async signOut(@Session() session: Session) {
    await session.destroy();
    return true;
  }
  @Mutation()
  async renew(@Session() session: Session) {
    await session.regenerate();
    return true;
  }
  @Subscription()
  async *user(@Context() context: object) {
    const session = await this.sessions.of(context);
    yield { user: session.userId ?? 'nobody' };
  }
}

interface Setup {
  readonly name: string;
  readonly adapter: AdapterName;
  module(): DynamicModule;
}

const apollo = () =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs: SCHEMA,
    allowBatchedHttpRequests: true,
    csrfPrevention: false,
    subscriptions: { 'graphql-ws': true },
  });

const SETUPS: Setup[] = [
  { name: 'Apollo on express', adapter: 'express', module: apollo },
  { name: 'Apollo on fastify', adapter: 'fastify', module: apollo },
  {
    name: 'Mercurius',
    adapter: 'fastify',
    module: () =>
      GraphQLModule.forRoot<MercuriusDriverConfig>({
        driver: MercuriusDriver,
        typeDefs: SCHEMA,
        allowBatchedQueries: true,
        subscription: { fullWsTransport: true },
      }),
  },
];

it('a GraphQL context without its request is an error that says what to return', async () => {
  const app = await TestApp.start({ adapter: 'express' });
  const context = new ExecutionContextHost([{}, {}, { user: 'ada' }]);
  context.setType('graphql');
  const of = app.app.get(SessionService).of(context);
  await expect(of).rejects.toThrow(/has no request.*context: \(\{ req \}\) => \(\{ req \}\)/);
  await app.stop();
});

describe.each(SETUPS)('GraphQL by $name', ({ adapter, module }) => {
  let app: TestApp;
  let browser: Browser;
  let backend: GatedBackend;
  let reads: number;
  afterEach(() => app.stop());

  async function start(session: Partial<SessionModuleOptions> = {}) {
    backend = new GatedBackend(new MemoryBackend());
    reads = 0;
    backend.beforeRead = async () => void reads++;
    app = await TestApp.start({
      adapter,
      session: { backend, ...session },
      imports: [module()],
      providers: [AppResolver, VisitResolver, SignedInGuard],
    });
    browser = app.browser();
  }
  const post = (body: object, from = browser) => from.postJson('/graphql', body);
  async function ask(query: string, from = browser) {
    const answer = await post({ query }, from);
    return { json: answer.json<{ data: Record<string, unknown>; errors?: unknown[] }>() };
  }
  async function data(query: string, from = browser) {
    const { json } = await ask(query, from);
    expect(json.errors).toBeUndefined();
    return json.data;
  }

  it.each(['eager', 'lazy'] as const)(
    'resolvers have the session, which is begun, read and ended (%s)',
    async (load) => {
      await start({ load });
      expect(await data('{ visits }')).toEqual({ visits: 0 });
      expect(browser.cookies).toEqual({});
      expect(await data('mutation { visit }')).toEqual({ visit: 1 });
      expect(browser.cookies).toHaveProperty('sid');
      expect(await data('{ visits again visit { number isSame } }')).toEqual({
        visits: 1,
        again: 1,
        visit: { number: 1, isSame: true },
      });
      expect(await data('mutation { signOut }')).toEqual({ signOut: true });
      expect(browser.cookies).toEqual({});
    },
  );

  it('an operation loads once and is committed once, however many root fields it has', async () => {
    await start();
    await data('mutation { visit }');
    reads = 0;
    const before = backend.writes.length;
    await data('mutation { a: visit b: visit c: field(number: 1) d: field(number: 2) }');
    expect([reads, backend.writes.slice(before)]).toEqual([1, ['update']]);
    await data('{ a: visits b: visits c: again visit { number isSame } }');
    expect([reads, backend.writes.length]).toEqual([2, before + 1]);
    expect(await data('{ visits }')).toEqual({ visits: 3 });
  });

  it('services find it by `current`', async () => {
    await start({ current: true });
    await data('mutation { visit }');
    expect(await data('{ current }')).toEqual({ current: 1 });
  });

  it('lazy: what does not ask for the session costs nothing', async () => {
    await start({ load: 'lazy' });
    await data('mutation { visit }');
    reads = 0;
    expect(await data('{ open }')).toEqual({ open: 1 });
    expect(reads).toBe(0);
  });

  it('operations that are sent together share the session and are committed once', async () => {
    await start();
    await data('mutation { visit }');
    const before = backend.writes.length;
    const batch = [1, 2, 3].map((n) => ({ query: `mutation { field(number: ${n}) }` }));
    const answers = (await post(batch)).json();
    expect(answers).toEqual([1, 2, 3].map((n) => ({ data: { field: n } })));
    expect(backend.writes.slice(before)).toEqual(['update']);
  });

  it('a guard sees the session, and a new token comes with the sign-in', async () => {
    await start();
    await data('mutation { visit }');
    const { sid } = browser.cookies;
    expect((await ask('{ guarded }')).json.errors).toHaveLength(1);
    await data('mutation { signIn(userId: "ada") }');
    expect(browser.cookies.sid).not.toBe(sid);
    expect(await data('{ guarded }')).toEqual({ guarded: 'ada' });
  });

  it('of 50 operations at once none loses its write', async () => {
    await start();
    await data('mutation { visit }');
    const numbers = Array.from({ length: 50 }, (_, i) => i);
    await Promise.all(numbers.map((n) => data(`mutation { visit field(number: ${n}) }`)));
    expect(await data('{ visits }')).toEqual({ visits: 51 });
  });

  it('where saving fails the answer is a 503 without data and without a cookie', async () => {
    await start();
    backend.beforeWrite = () => Promise.reject(new Error('full'));
    const answer = await post({ query: 'mutation { visit }' });
    expect(answer.status).toBe(503);
    expect(answer.headers.getSetCookie()).toEqual([]);
    expect(answer.json()).toEqual({ statusCode: 503, message: 'Service Unavailable' });
  });

  it('over a WebSocket each operation has the session of the handshake as it is then', async () => {
    await start();
    await data('mutation { signIn(userId: "ada") }');
    const client = createClient({
      url: `${app.url.replace('http', 'ws')}/graphql`,
      webSocketImpl: class extends WebSocket {
        constructor(url: string, protocols: string[]) {
          super(url, protocols, { headers: { cookie: cookieOf(browser) } });
        }
      },
    });
    const first = async (query: string) => {
      for await (const { data: found, errors } of client.iterate({ query })) {
        return errors ? errors[0]!.message : found;
      }
    };
    try {
      expect(await first('subscription { user }')).toEqual({ user: 'ada' });
      expect(await first('mutation { visit }')).toEqual({ visit: 1 });
      expect(await data('mutation { visit }')).toEqual({ visit: 2 });
      expect(await first('{ visits }')).toEqual({ visits: 2 });
      expect(await first('mutation { renew visit }')).toMatch(/over HTTP, and connect again/);
      await data('mutation { signOut }');
      expect(await first('subscription { user }')).toEqual({ user: 'nobody' });
      expect(await first('mutation { visit }')).toMatch(/over HTTP, and connect again/);
    } finally {
      await client.dispose();
    }
  });
});

function cookieOf({ cookies }: Browser): string {
  return `sid=${encodeURIComponent(cookies.sid!)}`;
}
