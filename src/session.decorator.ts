import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { Session as SessionType, SessionKey } from './session/session.js';
import { SessionContexts } from './edges/session-contexts.js';

/** A session: as a type, and as the decorator that gives a handler its own. */
export type Session = SessionType;

type Pipe = PipeTransform | Type<PipeTransform>;

/**
 * Gives a handler the session of its request or message: `@Session() session: Session`, or one value of it:
 * `@Session('visits') visits: number | undefined`. Pipes may follow the key.
 */
export const Session: (key?: SessionKey, ...pipes: Pipe[]) => ParameterDecorator =
  createParamDecorator<SessionKey | undefined>((key, context: ExecutionContext) => {
    const session = SessionContexts.loadOf(context);
    if (key === undefined) return session;
    return session instanceof Promise
      ? session.then((loaded) => loaded.get(key))
      : session.get(key);
  });
