import { serve } from '../serve.js';
import { createGatewayApp } from './app.js';
import type { GatewayKind, GatewayPlatform } from './variants.js';

/** A server of one variant. */
const [platform, kind, redisUrl] = process.argv.slice(2) as [GatewayPlatform, GatewayKind, string];

await serve(await createGatewayApp(platform, kind, redisUrl));
