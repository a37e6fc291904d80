import {
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Redirect,
  Req,
  Res,
  type Type,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { AuthGuard, PassportStrategy } from '@nestjs/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import type { FastifyReply, FastifyRequest } from 'fastify';
import grant, { type GrantConfig } from 'grant';
import { allowInsecureRequests, discovery } from 'openid-client';
import { Strategy as OpenIdStrategy } from 'openid-client/passport';
import { Strategy as OAuth2Strategy, type VerifyCallback } from 'passport-oauth2';
import { Session } from 'nestjs-server-session';
import type { AdapterName, TestAppOptions } from './app.js';
import { importRecipe } from './examples.js';
import { importPassportRecipe, loadForPlugins } from './recipes.js';

/** An application whose users sign in at a provider: `GET /me` tells who is signed in. */
export interface ProviderApp {
  name: string;
  adapter: AdapterName;
  /** Where a browser is sent to the provider. */
  begins: string;
  parts(): Promise<Partial<TestAppOptions>>;
}

/** What the recipes read from the environment, for the provider of a test. */
export function useProvider(url: string): void {
  process.env['OPENID_ISSUER'] = url;
  process.env['OPENID_CLIENT_ID'] = 'client';
  process.env['OPENID_CLIENT_SECRET'] = 'secret';
  process.env['APP_URL'] = 'http://app.test';
}

const env = (name: string) => process.env[name]!;
const CALLBACK = '/signed-in';

const oauth2Options = () => ({
  authorizationURL: `${env('OPENID_ISSUER')}/authorize`,
  tokenURL: `${env('OPENID_ISSUER')}/token`,
  clientID: env('OPENID_CLIENT_ID'),
  clientSecret: env('OPENID_CLIENT_SECRET'),
  callbackURL: env('APP_URL') + CALLBACK,
  state: true,
  pkce: true,
});

/** Who the provider says that somebody is. */
async function userOf(accessToken: string): Promise<{ id: string }> {
  const headers = { authorization: `Bearer ${accessToken}` };
  const answer = await fetch(`${env('OPENID_ISSUER')}/userinfo`, { headers });
  const { sub } = (await answer.json()) as { sub: string };
  return { id: sub };
}

async function nestOAuth2(): Promise<Partial<TestAppOptions>> {
  @Injectable()
  class Strategy extends PassportStrategy(OAuth2Strategy, 'oauth2') {
    constructor() {
      super(oauth2Options());
    }
    validate(accessToken: string) {
      return userOf(accessToken);
    }
  }

  class Guard extends AuthGuard('oauth2') {
    override async canActivate(context: ExecutionContext) {
      await super.canActivate(context);
      await super.logIn(context.switchToHttp().getRequest());
      return true;
    }
  }

  @Controller()
  class SignInController {
    @Get(['sign-in', CALLBACK])
    @UseGuards(Guard)
    @Redirect('/me')
    signIn() {}
  }

  const { AccountModule, usePassport } = await importPassportRecipe('express');
  return {
    imports: [AccountModule],
    providers: [Strategy],
    controllers: [SignInController],
    prepare: usePassport,
  };
}

async function nestOpenId(): Promise<Partial<TestAppOptions>> {
  const { AccountModule, usePassport } = await importPassportRecipe('express');
  const { OpenIdModule } = await importRecipe<{ OpenIdModule: Type }>("from 'openid-client'");
  return { imports: [AccountModule, OpenIdModule], prepare: usePassport };
}

type FastifyStrategy = Parameters<
  Awaited<ReturnType<typeof importPassportRecipe>>['authenticator']['use']
>[1];

/** The recipe of @fastify/passport with one more strategy. */
async function fastifyPassport(
  strategy: () => FastifyStrategy | Promise<FastifyStrategy>,
): Promise<Partial<TestAppOptions>> {
  const { AccountModule, usePassport, authenticator } = await importPassportRecipe('fastify');
  authenticator.use('provider', await strategy());

  @Controller()
  class SignInController {
    @Get(['sign-in', CALLBACK])
    signIn(@Req() request: FastifyRequest, @Res() reply: FastifyReply) {
      const signIn = authenticator.authenticate('provider', { successRedirect: '/me' });
      return signIn.call(request.server, request, reply);
    }
  }
  return { imports: [AccountModule], controllers: [SignInController], prepare: usePassport };
}

const fastifyOAuth2 = () =>
  fastifyPassport(
    () =>
      new OAuth2Strategy(
        oauth2Options(),
        (accessToken: string, _refreshToken: string, _profile: unknown, done: VerifyCallback) => {
          userOf(accessToken).then((user) => done(null, user), done);
        },
      ),
  );

const fastifyOpenId = () =>
  fastifyPassport(async () => {
    const config = await discovery(
      new URL(env('OPENID_ISSUER')),
      env('OPENID_CLIENT_ID'),
      env('OPENID_CLIENT_SECRET'),
      undefined,
      { execute: [allowInsecureRequests] },
    );
    // Strategies of passport whose types say more than @fastify/passport asks for.
    return new OpenIdStrategy(
      { config, callbackURL: env('APP_URL') + CALLBACK, scope: 'openid' },
      (tokens, done) => done(null, { id: tokens.claims()!.sub }),
    ) as unknown as FastifyStrategy;
  });

@Controller()
class MeController {
  @Get('me')
  me(@Session('userId') userId: string | undefined) {
    if (userId === undefined) throw new UnauthorizedException();
    return { id: userId };
  }
}

interface GrantRecipe {
  GrantModule: Type;
  config: GrantConfig;
  useGrant: NonNullable<TestAppOptions['prepare']>;
}

async function grantOn(adapter: AdapterName): Promise<Partial<TestAppOptions>> {
  const { GrantModule, config, useGrant } = await importRecipe<GrantRecipe>("from 'grant'");
  const onFastify = async (app: NestFastifyApplication) => {
    loadForPlugins(app);
    await app.register(grant.default.fastify(config));
  };
  const prepare =
    adapter === 'express' ? useGrant : (onFastify as NonNullable<TestAppOptions['prepare']>);
  return { imports: [GrantModule], controllers: [MeController], prepare };
}

export const PROVIDER_APPS: ProviderApp[] = [
  { name: 'passport-oauth2', adapter: 'express', begins: '/sign-in', parts: nestOAuth2 },
  { name: 'passport-oauth2', adapter: 'fastify', begins: '/sign-in', parts: fastifyOAuth2 },
  { name: 'openid-client', adapter: 'express', begins: '/sign-in', parts: nestOpenId },
  { name: 'openid-client', adapter: 'fastify', begins: '/sign-in', parts: fastifyOpenId },
  ...(['express', 'fastify'] as const).map((adapter) => ({
    name: 'grant',
    adapter,
    begins: '/connect/provider',
    parts: () => grantOn(adapter),
  })),
];
