import type { INestApplication, Type } from '@nestjs/common';
import type fastifyPassport from '@fastify/passport';
import type { NestFastifyApplication } from '@nestjs/platform-fastify';
import { SessionService } from 'nestjs-server-session';
import type { AdapterName } from './app.js';
import { importRecipe } from './examples.js';

/** What a recipe does to an application in main.ts. */
type Prepare = (app: INestApplication) => unknown;

/** As the recipes for Fastify load sessions before plugins look for them. */
export function loadForPlugins(app: NestFastifyApplication): void {
  const sessions = app.get(SessionService);
  const fastify = app.getHttpAdapter().getInstance();
  fastify.addHook('onRequest', async (request) => void (await sessions.of(request)));
}

/** What a recipe's function for main.ts takes. */
const APPLICATION = { express: 'INestApplication', fastify: 'NestFastifyApplication' };

/** Signing in with passport of an adapter: `POST /sign-in`, `GET /me`, `POST /sign-out`. */
export function importPassportRecipe(adapter: AdapterName) {
  return importRecipe<{
    AccountModule: Type;
    usePassport: Prepare;
    /** @fastify/passport's; the other has one for the whole process. */
    authenticator: typeof fastifyPassport;
  }>(`usePassport(app: ${APPLICATION[adapter]})`);
}

/** CSRF tokens bound to a session: `GET /csrf`, `POST /sign-in`, `POST /transfer`. */
export function importCsrfRecipe(adapter: AdapterName) {
  return importRecipe<{ FormModule: Type; useCsrf: Prepare }>(
    `useCsrf(app: ${APPLICATION[adapter]})`,
  );
}
