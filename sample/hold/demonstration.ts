import type { INestApplication } from '@nestjs/common';
import { Lab } from './lab/lab.js';
import { createLiveApp } from './live/live.app.js';
import { RedisProcess } from './redis/redis-process.js';

/** All that the demonstration runs beside the shop. */
export class Demonstration {
  private constructor(
    readonly redis: RedisProcess,
    readonly lab: Lab,
    readonly live: INestApplication,
  ) {}

  static async start(): Promise<Demonstration> {
    const redis = await RedisProcess.start();
    return new Demonstration(redis, await Lab.start(redis), await createLiveApp(redis));
  }

  async close(): Promise<void> {
    try {
      await Promise.all([this.live.close(), this.lab.close()]);
    } finally {
      await this.redis.close();
    }
  }
}
