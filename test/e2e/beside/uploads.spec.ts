import {
  Controller,
  Get,
  type NestInterceptor,
  Post,
  type Type,
  UploadedFile,
  UseInterceptors,
} from '@nestjs/common';
import multipart from '@fastify/multipart';
import * as onExpress from '@nestjs/platform-express';
import * as onFastify from '@nestjs/platform-fastify';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MemoryBackend, Session } from 'nestjs-server-session';
import { type AdapterName, TestApp, type TestAppOptions } from '../../support/app.js';
import { importRecipe } from '../../support/examples.js';
import { GatedBackend } from '../../support/gated-backend.js';
import { SlowUpload } from '../../support/slow-upload.js';
import { until } from '../../support/until.js';

type FileInterceptor = (field: string) => Type<NestInterceptor>;
interface File {
  originalname: string;
  size: number;
}

const { UploadsController } = await importRecipe<{ UploadsController: Type<object> }>(
  'class UploadsController',
);
const { FastifyUploadsController } = await importRecipe<{
  FastifyUploadsController: Type<object>;
}>('class FastifyUploadsController');

/** What uploads do, by an adapter's interceptor, which reads an upload before the handler runs. */
function uploading(interceptor: FileInterceptor): Type<object> {
  let count = 0;

  @Controller()
  @UseInterceptors(interceptor('file'))
  class UploadController {
    @Post('own-field')
    ownField(@Session() session: Session, @UploadedFile() file: File) {
      session[`field${++count}`] = file.size;
    }
    @Post('list')
    list(@Session() session: Session, @UploadedFile() file: File) {
      session.flash = [...(session.flash ?? []), file.originalname];
    }
    @Post('list-after-reload')
    async reloaded(@Session() session: Session, @UploadedFile() file: File) {
      await session.reload();
      this.list(session, file);
    }
  }
  return UploadController;
}

/** Nest 11 has none for Fastify. */
const INTERCEPTORS = [
  ['express', onExpress.FileInterceptor],
  ['fastify', onFastify.FileInterceptor],
].filter(([, interceptor]) => interceptor) as [AdapterName, FileInterceptor][];

@Controller()
class VisitController {
  @Post('visit')
  visit(@Session() session: Session) {
    session.increment('visits');
  }
  @Get('read')
  read(@Session() session: Session) {
    return session;
  }
}

let backend: GatedBackend;
let app: TestApp;
beforeEach(() => {
  backend = new GatedBackend(new MemoryBackend());
});
afterEach(() => app.stop());

async function start(
  adapter: AdapterName,
  controller: Type<object>,
  options: Partial<TestAppOptions> = {},
) {
  const controllers = [VisitController, controller];
  const session = { backend, ...options.session };
  app = await TestApp.start({ adapter, controllers, ...options, session });
  const browser = app.browser();
  await browser.post('/visit');
  backend.reads = 0;
  return {
    begin: (path: string, name: string) => new SlowUpload(app.url + path, browser, name),
    read: async () => (await browser.get('/read')).json(),
  };
}

/** Begins an upload, does another from beginning to end, and ends the first. */
async function oneWithinAnother(begin: (name: string) => SlowUpload, loads: number) {
  const slow = begin('slow.txt');
  await until('its session is loaded', () => backend.reads === loads);
  expect(await begin('quick.txt').finish()).toBe(201);
  expect(await slow.finish()).toBe(201);
}

describe.each(INTERCEPTORS)('FileInterceptor, on %s', (adapter, interceptor) => {
  it('parallel uploads and other requests keep each other’s fields', async () => {
    const { begin, read } = await start(adapter, uploading(interceptor));
    const uploads = ['a.txt', 'b.txt', 'c.txt'].map((name) => begin('/own-field', name));
    await until('their sessions are loaded', () => backend.reads === 3);
    const statuses = await Promise.all(uploads.map((upload) => upload.finish()));
    expect(statuses).toEqual([201, 201, 201]);
    expect(await read()).toEqual({ visits: 1, field1: 9, field2: 9, field3: 9 });
  });

  it('of uploads that add to one field the last wins, with the session of its beginning', async () => {
    const { begin, read } = await start(adapter, uploading(interceptor));
    await oneWithinAnother((name) => begin('/list', name), 1);
    expect(await read()).toEqual({ visits: 1, flash: ['slow.txt'] });
  });

  it.each([
    ['reload()', 'eager', '/list-after-reload', 1],
    ["load: 'lazy'", 'lazy', '/list', 0],
  ] as const)('they add up by %s', async (_by, load, path, loads) => {
    const { begin, read } = await start(adapter, uploading(interceptor), { session: { load } });
    await oneWithinAnother((name) => begin(path, name), loads);
    expect(await read()).toEqual({ visits: 1, flash: ['quick.txt', 'slow.txt'] });
  });
});

it('by the recipe uploads have a field each, on express', async () => {
  const { begin, read } = await start('express', UploadsController);
  await oneWithinAnother((name) => begin('/uploads', name), 1);
  expect(Object.values(await read())).toEqual([
    1,
    { name: 'quick.txt', bytes: 9 },
    { name: 'slow.txt', bytes: 9 },
  ]);
});

it.each(['eager', 'lazy'] as const)(
  'by the recipe a handler that reads them with @fastify/multipart has one list, load: %s',
  async (load) => {
    const { begin, read } = await start('fastify', FastifyUploadsController, {
      session: { load },
      prepare: (nest) => (nest as onFastify.NestFastifyApplication).register(multipart),
    });
    await oneWithinAnother((name) => begin('/uploads', name), load === 'eager' ? 1 : 0);
    expect(await read()).toEqual({ visits: 1, uploads: ['quick.txt', 'slow.txt'] });
  },
);
