import { Logger } from '@nestjs/common';
import { sampleConfig, type SampleConfig } from './config.js';
import { createApp } from './create-app.js';

const app = await createApp();
const { port, backend } = app.get<SampleConfig>(sampleConfig.KEY);
await app.listen(port);
new Logger('Sample').log(`Open ${await app.getUrl()}. Sessions are kept in: ${backend.kind}`);
