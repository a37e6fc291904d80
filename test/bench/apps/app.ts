import 'reflect-metadata';
import type { DynamicModule, INestApplication, Type } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { ExpressAdapter, type NestExpressApplication } from '@nestjs/platform-express';
import { FastifyAdapter, type NestFastifyApplication } from '@nestjs/platform-fastify';
import type { Kind, Platform } from '../variants.js';
import { FloorModule } from './floor.js';
import { floorStore } from './floor-stores.js';
import { backendOf, LibraryModule } from './library.js';
import {
  IronModule,
  SecureModule,
  useIronOnExpress,
  useIronOnFastify,
  useSecureSession,
} from './cookie-peers.js';
import { PeerModule, useExpressSession, useFastifySession } from './peers.js';
import { PlainModule } from './plain.js';

const OPTIONS = { logger: ['error', 'warn'] as ('error' | 'warn')[] };

/** One application, not listening yet. */
export async function createApp(
  platform: Platform,
  kind: Kind,
  url: string,
): Promise<INestApplication> {
  const module = rootModule(kind, url);
  if (platform === 'express') {
    const app = await NestFactory.create<NestExpressApplication>(
      module,
      new ExpressAdapter(),
      OPTIONS,
    );
    if (kind === 'peer') await useExpressSession(app, url);
    if (kind === 'iron') useIronOnExpress(app);
    return app;
  }
  const app = await NestFactory.create<NestFastifyApplication>(
    module,
    new FastifyAdapter(),
    OPTIONS,
  );
  if (kind === 'peer') await useFastifySession(app, url);
  if (kind === 'iron') useIronOnFastify(app);
  if (kind === 'secure') await useSecureSession(app);
  return app;
}

function rootModule(kind: Kind, url: string): Type | DynamicModule {
  switch (kind) {
    case 'none':
      return PlainModule;
    case 'peer':
      return PeerModule;
    case 'floor':
      return FloorModule.over(floorStore(url));
    case 'eager':
    case 'lazy':
      return LibraryModule.over(backendOf(url), { load: kind, current: false });
    case 'current':
      return LibraryModule.over(backendOf(url), { load: 'eager', current: true });
    case 'sealed':
      return LibraryModule.inCookies();
    case 'iron':
      return IronModule;
    case 'secure':
      return SecureModule;
  }
}
