import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { NestApplicationOptions } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { AppModule } from './app.module.js';

/** Beside this file as it was written, one folder up from where `tsc` puts it. */
const PUBLIC_FOLDER = ['public', '../public']
  .map((folder) => join(import.meta.dirname, folder))
  .find(existsSync);

/** The application, ready to listen: `main.ts` does, and a test can on a port of its own. */
export async function createApp(
  options: NestApplicationOptions = {},
): Promise<NestExpressApplication> {
  const app = await NestFactory.create<NestExpressApplication>(AppModule, options);
  if (PUBLIC_FOLDER) app.useStaticAssets(PUBLIC_FOLDER, { extensions: ['html'] });
  return app.enableShutdownHooks();
}
