import { readFileSync } from 'node:fs';

const { version } = JSON.parse(
  readFileSync('node_modules/@nestjs/common/package.json', 'utf8'),
) as {
  version: string;
};

/** Of the Nest that the tests run on. */
export const NEST_MAJOR = Number.parseInt(version);
