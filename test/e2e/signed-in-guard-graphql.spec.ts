import { UseGuards } from '@nestjs/common';
import { APP_GUARD } from '@nestjs/core';
import { Mutation, Query, Resolver, Subscription } from '@nestjs/graphql';
import { describe, expect, it } from 'vitest';
import {
  AllowAnonymous,
  MemoryBackend,
  Principal,
  Session,
  SignedInGuard,
  SignedInWithin,
} from 'nestjs-server-session';
import { idIn, signedInAgo } from '../support/ageing.js';
import { GatedBackend } from '../support/gated-backend.js';
import { apollo, type GraphqlSetup, mercurius } from '../support/graphql-app.js';
import { GraphqlSuite } from '../support/graphql-suite.js';

const MINUTE_MS = 60_000;
const SCHEMA = /* GraphQL */ `
  type Query {
    mine: String
    danger: String
    open: String
    plain: String
  }
  type Mutation {
    signIn: String
    signOut: Boolean
  }
  type Subscription {
    told: String
  }
`;

@Resolver()
class GuardedResolver {
  @Query()
  @UseGuards(SignedInGuard)
  mine(@Principal() principal: string) {
    return principal;
  }
  @Query()
  @SignedInWithin('10m')
  danger(@Principal() principal: string) {
    return principal;
  }
  @Query()
  @AllowAnonymous()
  open(@Principal() principal?: string) {
    return principal;
  }
  @Query()
  plain() {
    return 'plain';
  }
  @Mutation()
  @AllowAnonymous()
  async signIn(@Session() session: Session) {
    await session.signIn('ada');
    return session.principal;
  }
  @Mutation()
  @AllowAnonymous()
  async signOut(@Session() session: Session) {
    await session.signOut();
    return true;
  }
  @Subscription()
  @UseGuards(SignedInGuard)
  async *told(@Principal() principal: string) {
    yield { told: principal };
  }
}

const SETUPS: GraphqlSetup[] = [
  { name: 'Apollo on express', adapter: 'express', module: () => apollo({ typeDefs: SCHEMA }) },
  { name: 'Apollo on fastify', adapter: 'fastify', module: () => apollo({ typeDefs: SCHEMA }) },
  { name: 'Mercurius', adapter: 'fastify', module: () => mercurius({ typeDefs: SCHEMA }) },
];

describe.each(SETUPS)('SignedInGuard in GraphQL by $name', (setup) => {
  const suite = new GraphqlSuite(setup, [GuardedResolver]);
  const refused = async (query: string) => {
    const { data, errors } = await suite.ask(query);
    return [Object.values(data ?? {}), (errors as { message: string }[])[0]!.message];
  };

  it('refuses who is not signed in, and lets in who is', async () => {
    await suite.start();
    for (const field of ['mine', 'danger']) {
      expect(await refused(`{ ${field} }`)).toEqual([[null], 'Unauthorized']);
    }
    expect(await suite.data('{ open plain }')).toEqual({ open: null, plain: 'plain' });
    await suite.data('mutation { signIn }');
    expect(await suite.data('{ mine danger open }')).toEqual({
      mine: 'ada',
      danger: 'ada',
      open: 'ada',
    });
    await suite.data('mutation { signOut }');
    expect(await refused('{ mine }')).toEqual([[null], 'Unauthorized']);
  });

  it('reads once for the guards of all fields', async () => {
    await suite.start({ load: 'lazy' });
    await suite.data('mutation { signIn }');
    suite.forget();
    await suite.data('{ a: mine b: mine danger open }');
    expect([suite.backend.reads, suite.backend.writes]).toEqual([1, []]);
  });

  it('asks for another sign-in where the last one is too long ago', async () => {
    await suite.start();
    await suite.data('mutation { signIn }');
    await signedInAgo(suite.backend, idIn(suite.browser), 11 * MINUTE_MS);
    expect(await refused('{ danger }')).toEqual([[null], 'Sign in again']);
    expect(await suite.data('{ mine }')).toEqual({ mine: 'ada' });
    await suite.data('mutation { signIn }');
    expect(await suite.data('{ danger }')).toEqual({ danger: 'ada' });
  });

  it('guards the whole application, apart from what allows anonymous visitors', async () => {
    await suite.start({}, [{ provide: APP_GUARD, useClass: SignedInGuard }]);
    expect(await refused('{ plain }')).toEqual([[null], 'Unauthorized']);
    expect(await suite.data('{ open }')).toEqual({ open: null });
    await suite.data('mutation { signIn }');
    expect(await suite.data('{ plain mine }')).toEqual({ plain: 'plain', mine: 'ada' });
  });

  it('guards operations over a socket by the session as it is then', async () => {
    // Which does not tell that its socket is to be closed.
    await suite.start({ backend: new GatedBackend(new MemoryBackend(), false) });
    const stranger = await suite.connect();
    expect(await stranger('{ mine }')).toEqual(['Unauthorized']);
    expect(await stranger('subscription { told }')).toEqual(['Unauthorized']);
    await suite.data('mutation { signIn }');
    const ask = await suite.connect();
    expect(await ask('{ mine danger }')).toEqual([{ mine: 'ada', danger: 'ada' }]);
    expect(await ask('subscription { told }')).toEqual([{ told: 'ada' }]);
    await suite.sessions.revokeAll('ada');
    expect(await ask('{ mine }')).toEqual(['Unauthorized']);
    expect(await ask('subscription { told }')).toEqual(['Unauthorized']);
  });
});
