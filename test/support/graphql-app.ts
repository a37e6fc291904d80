import { ApolloDriver, type ApolloDriverConfig } from '@nestjs/apollo';
import {
  type CanActivate,
  type DynamicModule,
  type ExecutionContext,
  Injectable,
  UseGuards,
} from '@nestjs/common';
import {
  Args,
  Context,
  GqlExecutionContext,
  GraphQLModule,
  Mutation,
  Parent,
  Query,
  ResolveField,
  Resolver,
  Subscription,
} from '@nestjs/graphql';
import { MercuriusDriver, type MercuriusDriverConfig } from '@nestjs/mercurius';
import { Session, SessionService, UntilSessionEnds } from 'nestjs-server-session';
import type { AdapterName } from './app.js';

const SCHEMA = /* GraphQL */ `
  type Visit {
    number: Int!
    isSame: Boolean!
    counted: Int!
  }
  type Query {
    visits: Int!
    again: Int!
    visit: Visit!
    open: Int!
    current: Int!
    guarded: String!
    refused: Int!
  }
  type Mutation {
    visit: Int
    field(number: Int!): Int
    signIn(userId: String!): String!
    signOut: Boolean!
    renew: Boolean!
  }
  type Subscription {
    user: String!
    counted: Int!
    watched: Int!
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

/** Counts whom it refuses. */
@Injectable()
class CountingGuard implements CanActivate {
  constructor(private readonly sessions: SessionService) {}

  async canActivate(context: ExecutionContext) {
    (await this.sessions.of(context)).increment('field1');
    return false;
  }
}

@Resolver('Visit')
class VisitResolver {
  constructor(private readonly sessions: SessionService) {}

  @ResolveField()
  async isSame(@Parent() { session }: { session: Session }, @Context() context: object) {
    return (await this.sessions.of(context)) === session;
  }
  @ResolveField()
  counted(@Session() session: Session) {
    return session.increment('visits');
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
  @Query()
  @UseGuards(CountingGuard)
  refused() {
    return 1;
  }
  @Subscription()
  async *counted(@Session() session: Session) {
    yield { counted: session.increment('visits') };
    yield { counted: session.increment('visits') };
  }
  @Subscription()
  @UntilSessionEnds()
  async *watched() {
    yield { watched: 1 };
    yield { watched: 2 };
  }
  @Subscription()
  async *user(@Context() context: object) {
    const session = await this.sessions.of(context);
    yield { user: session.userId ?? 'nobody' };
  }
}

export interface GraphqlSetup {
  readonly name: string;
  readonly adapter: AdapterName;
  module(): DynamicModule;
}

export const apollo = (options: Partial<ApolloDriverConfig> = {}) =>
  GraphQLModule.forRoot<ApolloDriverConfig>({
    driver: ApolloDriver,
    typeDefs: SCHEMA,
    allowBatchedHttpRequests: true,
    csrfPrevention: false,
    subscriptions: { 'graphql-ws': true },
    ...options,
  });

export const mercurius = (options: Partial<MercuriusDriverConfig> = {}) =>
  GraphQLModule.forRoot<MercuriusDriverConfig>({
    driver: MercuriusDriver,
    typeDefs: SCHEMA,
    allowBatchedQueries: true,
    subscription: { fullWsTransport: true },
    ...options,
  });

export const SETUPS: GraphqlSetup[] = [
  { name: 'Apollo on express', adapter: 'express', module: apollo },
  { name: 'Apollo on fastify', adapter: 'fastify', module: apollo },
  { name: 'Mercurius', adapter: 'fastify', module: mercurius },
];

export const RESOLVERS = [AppResolver, VisitResolver, SignedInGuard, CountingGuard];
