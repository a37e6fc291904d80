import { createApp } from './apps/app.js';
import { serve } from './serve.js';
import type { Kind, Platform } from './variants.js';

/** A server of one variant. */
const [platform, kind, url] = process.argv.slice(2) as [Platform, Kind, string];

await serve(await createApp(platform, kind, url));
