import { Controller, HttpCode, NotFoundException, Post, UseGuards } from '@nestjs/common';
import { CommandLog } from '../redis/command-log.js';
import { RedisIsUpGuard } from '../redis/redis-is-up.guard.js';
import { RedisProcess } from '../redis/redis-process.js';
import { Lab, PREFIXES, type Side } from './lab.js';
import type { Visitor } from './visitor.js';

/** In this order by one visitor, but for the first, who has no session. */
const REQUESTS = {
  anonymous: (_: Visitor, stranger: Visitor) => stranger.get('fields'),
  read: (visitor: Visitor) => visitor.get('fields'),
  write: (visitor: Visitor) => visitor.post('fields/1'),
  signIn: (visitor: Visitor) => visitor.post('sign-in'),
};

type Kind = keyof typeof REQUESTS;
const KINDS = Object.keys(REQUESTS) as Kind[];

/** The commands that one request of each kind sends to Redis. */
@Controller('hold/commands')
export class CommandsController {
  constructor(
    private readonly lab: Lab,
    private readonly redis: RedisProcess,
  ) {}

  @Post()
  @HttpCode(200)
  @UseGuards(RedisIsUpGuard)
  count() {
    if (this.redis.state === 'missing') throw new NotFoundException('There is no Redis here.');
    return this.lab.alone(async () => {
      const log = await CommandLog.open(this.redis);
      try {
        const [here, expressSession] = [
          await this.#commands(log, 'here'),
          await this.#commands(log, 'expressSession'),
        ];
        return KINDS.map((kind) => ({
          kind,
          here: here[kind],
          expressSession: expressSession[kind],
        }));
      } finally {
        log.close();
      }
    });
  }

  async #commands(log: CommandLog, side: Side): Promise<Record<Kind, string[]>> {
    // Somebody before it counts: a Redis that has just started is sent each script in whole.
    const first = this.lab.visitor(side);
    await first.post('fields/0');
    await first.post('fields/1');
    await first.post('sign-in');

    const visitor = this.lab.visitor(side);
    await visitor.post('fields/0');
    const result = {} as Record<Kind, string[]>;
    for (const kind of KINDS) {
      result[kind] = await log.during(PREFIXES[side], () =>
        REQUESTS[kind](visitor, this.lab.visitor(side)),
      );
    }
    return result;
  }
}
