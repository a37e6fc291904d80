import { afterAll } from 'vitest';
import { emptySharedCluster } from './support/shared-servers.js';

afterAll(emptySharedCluster);
