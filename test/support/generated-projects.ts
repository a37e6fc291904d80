/** What `nest new` of each major makes, as far as `nest add` looks at it; `npm run test:matrix` has the generators themselves. */
export const GENERATED = { 11: generated(11), 12: generated(12) };

export type Files = Readonly<Record<string, string>>;

function generated(major: 11 | 12): Files {
  const extension = major === 12 ? '.js' : '';
  return {
    'package.json': `{
  "name": "app",
  "version": "0.0.1",
  "private": true,${major === 12 ? '\n  "type": "module",' : ''}
  "dependencies": {
    "@nestjs/common": "^${major}.0.1",
    "@nestjs/core": "^${major}.0.1",
    "nestjs-server-session": "^0.2.0",
    "reflect-metadata": "^0.2.2",
    "rxjs": "^7.8.1"
  }
}
`,
    'nest-cli.json': '{ "collection": "@nestjs/schematics", "sourceRoot": "src" }\n',
    '.gitignore': '/dist\n/node_modules\n',
    'src/app.module.ts': `import { Module } from '@nestjs/common';
import { AppController } from './app.controller${extension}';
import { AppService } from './app.service${extension}';

@Module({
  imports: [],
  controllers: [AppController],
  providers: [AppService],
})
export class AppModule {}
`,
    'src/app.controller.ts': counting(`./app.service${extension}`),
    'src/app.service.ts': `import { Injectable } from '@nestjs/common';

@Injectable()
export class AppService {
  getHello(): string {
    return 'Hello World!';
  }
}
`,
    'src/main.ts': `import { NestFactory } from '@nestjs/core';
import { AppModule } from './app.module${extension}';

async function bootstrap() {
  const app = await NestFactory.create(AppModule);
  await app.listen(process.env.PORT ?? 3000);
}
${major === 12 ? 'await ' : ''}bootstrap();
`,
  };
}

/** The generated controller, with a counter as `nest add` says to write it. */
export function counting(service: string): string {
  return `import { Controller, Get } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { AppService } from '${service}';

@Controller()
export class AppController {
  constructor(private readonly appService: AppService) {}

  @Get()
  getHello(): string {
    return this.appService.getHello();
  }

  @Get('visits')
  visits(@Session() session: Session) {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }
}
`;
}
