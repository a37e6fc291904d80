import { describe, expect, it } from 'vitest';
import { MemoryBackend } from 'nestjs-server-session';
import { GatedBackend } from '../support/gated-backend.js';
import { apollo, type GraphqlSetup, mercurius } from '../support/graphql-app.js';
import { GraphqlSuite } from '../support/graphql-suite.js';
import { NEST_MAJOR } from '../support/nest-major.js';

interface Given {
  readonly req?: object;
  readonly extra?: { readonly request: object };
}

class OwnContext {
  constructor(readonly req: object) {}
}

const ofHandshake = { name: 'the handshake as its request', of: handshakeOf };
const own = { name: 'a class', of: (given: Given) => new OwnContext(given.req ?? given) };
const none = { name: 'no request', of: () => ({ user: 'ada' }) };
const shared = Object.freeze({ user: 'ada' });
const same = { name: 'one frozen object', of: () => shared };

// On Nest 11 @nestjs/graphql itself adds to the context.
const contexts = NEST_MAJOR > 11 ? [ofHandshake, own, none, same] : [ofHandshake, own, none];

const SETUPS: GraphqlSetup[] = [
  ...contexts.map(({ name, of }) => ({
    name: `Apollo on express with ${name}`,
    adapter: 'express' as const,
    module: () => apollo({ context: of }),
  })),
  {
    name: `Apollo on fastify with ${ofHandshake.name}`,
    adapter: 'fastify',
    module: () => apollo({ context: handshakeOf }),
  },
  {
    name: `Mercurius with ${ofHandshake.name}`,
    adapter: 'fastify',
    module: () =>
      mercurius({
        subscription: { fullWsTransport: true, context: (_, req) => ({ req }) as never },
      }),
  },
  {
    name: 'Mercurius with what onConnect adds',
    adapter: 'fastify',
    module: () =>
      mercurius({ subscription: { fullWsTransport: true, onConnect: () => ({ user: 'ada' }) } }),
  },
];

function handshakeOf(given: Given): object {
  return { req: given.extra?.request ?? given.req ?? given };
}

describe.each(SETUPS)('GraphQL by $name in its context', (setup) => {
  const suite = new GraphqlSuite(setup);

  it.each(['eager', 'lazy'] as const)(
    'each operation has the session as it is then, and an end is an end (%s)',
    async (load) => {
      // Which does not tell that its socket is to be closed.
      const backend = new GatedBackend(new MemoryBackend(), false);
      await suite.start({ load, backend });
      await suite.data('mutation { visit }');
      const ask = await suite.connect();
      expect(await ask('{ visits }')).toEqual([{ visits: 1 }]);
      expect(await suite.data('mutation { visit }')).toEqual({ visit: 2 });
      expect(await ask('mutation { visit }')).toEqual([{ visit: 3 }]);
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      expect(await ask('mutation { visit }')).toEqual([expect.stringMatching(/backend failed/)]);
      suite.backend.beforeWrite = async () => {};
      await suite.data('mutation { signOut }');
      expect(await ask('{ visits }')).toEqual([{ visits: 0 }]);
    },
  );
});

describe('GraphQL by Mercurius with one object as the context of all requests', () => {
  const given = { user: 'ada' };
  const suite = new GraphqlSuite({
    name: 'Mercurius',
    adapter: 'fastify',
    module: () => mercurius({ context: () => given }),
  });

  it('gives nobody the session of another, and says what to return', async () => {
    await suite.start();
    await suite.data('mutation { visit }');
    const other = await suite.app.browser().postJson('/graphql', { query: '{ visits }' });
    const { data, errors } = other.json<{ data: unknown; errors: unknown }>();
    expect(data).toBeNull();
    expect(errors).toEqual([
      expect.objectContaining({ message: expect.stringMatching(/return a new object for each/) }),
    ]);
  });
});

describe.each([
  ['Apollo', apollo],
  ['Mercurius', mercurius],
] as const)('GraphQL by %s with interceptors around field resolvers', (_, module) => {
  const suite = new GraphqlSuite({
    name: 'enhanced',
    adapter: 'fastify',
    module: () => module({ fieldResolverEnhancers: ['interceptors'] }),
  });

  it.each(['eager', 'lazy'] as const)(
    'a field of an operation over a socket that can not be stored is an error (%s)',
    async (load) => {
      await suite.start({ load });
      await suite.data('mutation { visit }');
      const ask = await suite.connect();
      suite.backend.beforeWrite = () => Promise.reject(new Error('disk full'));
      expect(await ask('{ visit { counted } }')).toEqual([expect.stringMatching(/backend failed/)]);
      suite.backend.beforeWrite = async () => {};
      expect(await suite.data('{ visits }')).toEqual({ visits: 1 });
    },
  );
});
