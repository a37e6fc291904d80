import { type CanActivate, ConflictException, Injectable } from '@nestjs/common';
import { RedisProcess } from './redis-process.js';

/** For what compares on Redis: while that is killed there is nothing to compare. */
@Injectable()
export class RedisIsUpGuard implements CanActivate {
  constructor(private readonly redis: RedisProcess) {}

  canActivate(): true {
    if (this.redis.state !== 'killed') return true;
    throw new ConflictException('Redis is not running. Start it again first.');
  }
}
