import { Controller, HttpCode, Post, UseGuards } from '@nestjs/common';
import { WORK_MS } from './fields.controller.js';
import { Lab, type Side } from './lab.js';
import { RedisIsUpGuard } from '../redis/redis-is-up.guard.js';

const REQUESTS = 50;

/** Fifty requests of one session at once, on both sides. */
@Controller('hold/race')
export class RaceController {
  constructor(private readonly lab: Lab) {}

  @Post()
  @HttpCode(200)
  @UseGuards(RedisIsUpGuard)
  race() {
    return this.lab.alone(async () => ({
      requests: REQUESTS,
      workMs: WORK_MS,
      here: await this.#kept('here'),
      expressSession: await this.#kept('expressSession'),
    }));
  }

  /** The numbers of the requests whose change is in the session in the end. */
  async #kept(side: Side): Promise<number[]> {
    const visitor = this.lab.visitor(side);
    const numbers = Array.from({ length: REQUESTS }, (_, index) => index + 1);
    // One before them begins the session that all of them share.
    await visitor.post('fields/0');
    await Promise.all(numbers.map((number) => visitor.post(`fields/${number}`)));
    const { kept } = await visitor.get<{ kept: number[] }>('fields');
    return kept.filter((number) => number > 0);
  }
}
