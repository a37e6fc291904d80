import type { Store } from './stores.js';

/** What is said where a project is not one that this knows how to change. */
export function byHand(why: string): string {
  return `nothing was changed: ${why}. Write it by hand, into the module that your application starts with:

  import { SessionModule } from 'nestjs-server-session';

  @Module({
    imports: [SessionModule.forRoot({ secret: process.env.SESSION_SECRET ?? '' })],
  })

with a SESSION_SECRET of your own in the environment, of at least 32 characters:

  node -p "require('crypto').randomBytes(32).toString('base64url')"

The README of nestjs-server-session has the rest: Redis and PostgreSQL, and what a session is.`;
}

/** What needs no word at the end. */
export interface Done {
  readonly hasShutdownHooks: boolean;
  readonly isInstalled: boolean;
}

/** What is said at the end. */
export function whatNext(store: Store, root: string, done: Done): string {
  const { label, url, client } = store;
  const elsewhere = url ? `\nChange ${url.name} in .env where ${label} is elsewhere.` : '';
  const names = url ? `SESSION_SECRET and ${url.name}` : 'SESSION_SECRET';
  const install =
    done.isInstalled || !client ? '' : `\npackage.json asks for ${client.name} now: install it.`;
  const hooks = done.hasShutdownHooks
    ? ''
    : '\nCall app.enableShutdownHooks() in main.ts, so that what is under way is saved at the end.';
  return `
Sessions are kept in ${label}, by the options in ${root}/session.options.ts.${elsewhere}
What they hold is declared in ${root}/session-data.ts. A controller uses them so:

  import { Session } from 'nestjs-server-session';

  @Get('visits')
  visits(@Session() session: Session) {
    session.visits = (session.visits ?? 0) + 1;
    return { visits: session.visits };
  }

.env has a fresh secret for this machine, is read by session.options.ts, and is not committed.
In CI and in production set ${names} in the environment, which wins over it.${install}${hooks}
`;
}
