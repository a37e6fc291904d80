import { type BeforeApplicationShutdown, Module, type OnModuleInit } from '@nestjs/common';
import { HttpAdapterHost } from '@nestjs/core';
import { Demonstration } from './demonstration.js';
import { CommandsController } from './lab/commands.controller.js';
import { Lab } from './lab/lab.js';
import { RaceController } from './lab/race.controller.js';
import { mountLiveApp } from './live/live.app.js';
import { RedisController } from './redis/redis.controller.js';
import { RedisProcess } from './redis/redis-process.js';
import { SourceController } from './source/source.controller.js';

/** The page “See it hold”. */
@Module({
  controllers: [RaceController, CommandsController, RedisController, SourceController],
  providers: [
    { provide: Demonstration, useFactory: () => Demonstration.start() },
    {
      provide: RedisProcess,
      inject: [Demonstration],
      useFactory: ({ redis }: Demonstration) => redis,
    },
    { provide: Lab, inject: [Demonstration], useFactory: ({ lab }: Demonstration) => lab },
  ],
})
export class HoldModule implements OnModuleInit, BeforeApplicationShutdown {
  constructor(
    private readonly demonstration: Demonstration,
    private readonly host: HttpAdapterHost,
  ) {}

  onModuleInit(): void {
    mountLiveApp(this.demonstration.live, this.host);
  }

  /** Before the server is closed, which waits for open sockets. */
  async beforeApplicationShutdown(): Promise<void> {
    await this.demonstration.close();
  }
}
