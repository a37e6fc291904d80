import { Controller, Get, HttpCode, Post } from '@nestjs/common';
import { RedisProcess, type RedisState } from './redis-process.js';

/** Kills the demonstration's own Redis, and starts it again. */
@Controller('hold/redis')
export class RedisController {
  constructor(private readonly redis: RedisProcess) {}

  @Get()
  state(): { state: RedisState } {
    return { state: this.redis.state };
  }

  @Post('kill')
  @HttpCode(200)
  async kill(): Promise<{ state: RedisState }> {
    await this.redis.kill();
    return this.state();
  }

  @Post('start')
  @HttpCode(200)
  async start(): Promise<{ state: RedisState }> {
    await this.redis.start();
    return this.state();
  }
}
