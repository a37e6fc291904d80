import type { ServerResponse } from 'node:http';
import { Controller, Get, Param, Post, Res, Sse } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { concat, defer, from, NEVER, of, switchMap } from 'rxjs';
import { Gate } from './gated-backend.js';

/** Where a handler waits: `first` after its first bytes, `last` after it changed the session and before it ends. */
export const gates = { first: new Gate(), last: new Gate() };

export function renewGates(): void {
  gates.first = new Gate();
  gates.last = new Gate();
}

/** What is done to the session once the head is out. */
const CHANGES: Record<string, (session: Session) => unknown> = {
  nothing: () => {},
  set: (session) => (session.visits = 7),
  nested: (session) => session.cart!.items.push({ sku: 'late', count: 1 }),
  save: (session) => {
    session.visits = 7;
    return session.save();
  },
  regenerate: (session) => session.regenerate(),
  'regenerate-and-set': async (session) => {
    await session.regenerate();
    session.visits = 7;
  },
  destroy: (session) => session.destroy(),
};

/** Changes a session; the name of what it throws, in brackets. */
async function failure(change: string, session: Session): Promise<string> {
  try {
    await CHANGES[change]!(session);
    return '';
  } catch (error) {
    return ` (${(error as Error).name})`;
  }
}

type Reply = ServerResponse & { raw?: ServerResponse; hijack?(): void };

/** Routes that change the session after their first bytes have left. */
@Controller()
export class LateController {
  @Post('cart')
  cart(@Session() session: Session) {
    session.cart = { items: [] };
    return { id: session.id };
  }
  @Get('session')
  show(@Session() session: Session) {
    return { ...session };
  }
  @Get('raw/:change')
  async raw(
    @Session() session: Session,
    @Param('change') change: string,
    @Res() reply: Reply,
  ): Promise<void> {
    reply.hijack?.();
    const raw = reply.raw ?? reply;
    raw.write('first ');
    await gates.first.pass();
    raw.write(`second${await failure(change, session)}`);
    await gates.last.pass();
    raw.end();
  }
  /** Its last event never comes: it ends when the client goes away. */
  @Sse('sse/:change')
  sse(@Session() session: Session, @Param('change') change: string) {
    return concat(
      of({ data: 'first' }),
      defer(() => from(gates.first.pass())).pipe(
        switchMap(async () => {
          return { data: `second${await failure(change, session)}` };
        }),
      ),
      NEVER,
    );
  }
  /** Waits with the head still in hand. */
  @Get('slow/:change')
  async slow(@Session() session: Session, @Param('change') change: string) {
    await gates.first.pass();
    await CHANGES[change]!(session);
    return 'done';
  }
}
