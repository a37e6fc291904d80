import {
  createParamDecorator,
  type ExecutionContext,
  type PipeTransform,
  type Type,
} from '@nestjs/common';
import type { Session as SessionType, SessionKey } from './session/session.js';
import { SessionContexts } from './edges/session-contexts.js';

/** A session: as a type, with the members of {@link SessionMembers}, and as the decorator that gives a handler its own. */
export type Session = SessionType;

type Pipe = PipeTransform | Type<PipeTransform>;

const sessionOf = createParamDecorator<SessionKey | undefined>((key, context: ExecutionContext) => {
  const session = SessionContexts.loadOf(context);
  if (key === undefined) return session;
  return session instanceof Promise ? session.then((loaded) => loaded.get(key)) : session.get(key);
});

/**
 * Gives a handler the session of its request or message: `@Session() session: Session`, or one value of it:
 * `@Session('visits') visits: number | undefined`. Pipes may follow the key.
 */
export const Session = (key?: SessionKey, ...pipes: Pipe[]): ParameterDecorator => {
  const decorate = sessionOf(key, ...pipes);
  return (target, property, index) => {
    if (property !== undefined) forgetType(target, property, index);
    decorate(target, property, index);
  };
};

/**
 * A compiler that sees one file at a time (SWC, `isolatedModules`) can't tell that the parameter's type is none at run time,
 * and notes this decorator as its class, of which a pipe that validates would make an object. `Object` is what others note.
 */
function forgetType(target: object, property: string | symbol, index: number): void {
  const types: unknown[] | undefined = Reflect.getOwnMetadata(
    'design:paramtypes',
    target,
    property,
  );
  if (types?.[index] === Session) types[index] = Object;
}
