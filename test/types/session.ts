/** What the compiler must accept and refuse; `npm run typecheck` runs it. */
import { Controller, Get, ParseIntPipe } from '@nestjs/common';
import { Session, SessionModule, type StoredSession } from 'nestjs-server-session';
import '../support/session-data.js';

declare module 'nestjs-server-session' {
  interface SessionData {
    opens?: number;
    /** Of a member, and reserved: a session can't hold them. */
    take: string[];
    $beta: boolean;
  }
}

export function data(session: Session): void {
  session.visits = 1;
  const visits: number | undefined = session.visits;
  session.cart?.items.push({ sku: 'a', count: visits ?? 0 });
  session.update({ visits: 2, userId: 'ada' });
  const user: string | undefined = session.get('userId');
  const taken: string[] | undefined = session.take('flash');
  const sum: number = session.increment('visits', taken?.length ?? user?.length);
  session.set('visits', sum);
  session.increment('opens');
  session.touch().increment('visits');
  delete session.userId;
  const copy: Partial<{ visits: number }> = { ...session };
  void copy;

  // @ts-expect-error a field that nobody declared
  session.unknown = 1;
  // @ts-expect-error a value of another type
  session.visits = 'one';
  // @ts-expect-error a value of another type
  session.set('visits', 'one');
  // @ts-expect-error an update with a field that nobody declared
  session.update({ unknown: 1 });
  // @ts-expect-error a field that is no number
  session.increment('userId');
  // @ts-expect-error a value that may be missing
  const missing: number = session.visits;
  // @ts-expect-error the name of a member
  session.set('take', []);
  // @ts-expect-error the name of a member
  session.take = [];
  // @ts-expect-error a reserved name
  session.$beta = true;
  // @ts-expect-error a reserved name
  session.update({ $beta: true });
  // @ts-expect-error a fact
  session.id = 'other';
  // @ts-expect-error a fact
  session.generation = 'other';
  // @ts-expect-error a member
  session.save = 1;
  void missing;
}

export async function lifecycle(session: Session): Promise<void> {
  await session.regenerate();
  await session.regenerate({ keep: ['visits'] });
  await session.regenerate(['visits']);
  session.save((error) => void error).touch();
  session.regenerate((error) => void error).regenerate({ keep: ['visits'] }, () => {});
  session.save((error) => void error).visits = 1;
  session.touch().visits = 1;
  const generation: string = session.generation;
  void generation;
  await session.reload();
  await session.destroy();
  // @ts-expect-error a field that nobody declared
  await session.regenerate({ keep: ['unknown'] });
}

@Controller()
export class TypedController {
  @Get()
  all(@Session() session: Session, @Session('visits') visits: number | undefined): unknown {
    return [session.visits, visits];
  }
  @Get('piped')
  piped(@Session('visits', ParseIntPipe) visits: number): number {
    return visits;
  }
  // @ts-expect-error a field that nobody declared
  wrong(@Session('unknown') unknown: unknown): unknown {
    return unknown;
  }
}

export function options(stored: StoredSession): void {
  SessionModule.forRoot({ secret: 'x', idleTimeout: '30m', load: 'lazy', isGlobal: false });
  SessionModule.forRootAsync({ useFactory: async () => ({ secret: ['x', 'y'] }), load: 'eager' });
  // @ts-expect-error a misspelt option
  SessionModule.forRoot({ secret: 'x', idleTimout: '30m' });
  // @ts-expect-error no secret
  SessionModule.forRoot({});
  // @ts-expect-error not a choice
  SessionModule.forRoot({ secret: 'x', cookie: { sameSite: true } });
  const visits: number | undefined = stored.data.visits;
  void visits;
}
