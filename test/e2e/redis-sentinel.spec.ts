import { describe } from 'vitest';
import { testFailover } from '../support/failover-suite.js';
import { RedisSentinel } from '../support/redis-sentinel.js';

describe('a Redis with Sentinels whose master is killed while applications are busy', () => {
  testFailover(() => RedisSentinel.start());
});
