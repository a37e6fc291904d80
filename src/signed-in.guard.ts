import {
  applyDecorators,
  type CanActivate,
  type ExecutionContext,
  Inject,
  Injectable,
  SetMetadata,
  UnauthorizedException,
  UseGuards,
} from '@nestjs/common';
import { Reflector } from '@nestjs/core';
import { toldAs } from './edges/ws/ws-exception.js';
import { showValue } from './errors/show-value.js';
import { type Duration, readDuration } from './session/lifetime.js';
import { SessionService } from './session.service.js';

const ALLOWS_ANONYMOUS = 'nestjs-server-session:AllowAnonymous';
const SIGNED_IN_WITHIN = 'nestjs-server-session:SignedInWithin';

/**
 * Lets in who is signed in (`session.signIn(principal)`), and answers 401 to everybody else: in HTTP, GraphQL and gateways.
 * For one handler or controller by `@UseGuards(SignedInGuard)`, or for the whole application:
 *
 * ```ts
 * providers: [{ provide: APP_GUARD, useClass: SignedInGuard }]
 * ```
 * and `@AllowAnonymous()` where nobody has to be.
 */
@Injectable()
export class SignedInGuard implements CanActivate {
  /** @hidden Nest makes it. */
  constructor(
    @Inject(SessionService) private readonly sessions: SessionService,
    @Inject(Reflector) private readonly reflector: Reflector,
  ) {}

  async canActivate(context: ExecutionContext): Promise<boolean> {
    const targets = [context.getHandler(), context.getClass()];
    const withinMs = this.reflector.getAllAndOverride<number | undefined>(
      SIGNED_IN_WITHIN,
      targets,
    );
    const isOpen = this.reflector.getAllAndOverride<boolean | undefined>(ALLOWS_ANONYMOUS, targets);
    if (isOpen && withinMs === undefined) return true;
    const { principal, signedInAt } = await this.sessions.of(context);
    if (principal === undefined) return refuse(context, new UnauthorizedException());
    if (withinMs === undefined || this.sessions.now() - signedInAt!.getTime() <= withinMs)
      return true;
    return refuse(context, stepUp(context, Math.ceil(withinMs / 1000)));
  }
}

/** Lets everybody in where a {@link SignedInGuard} guards the rest: for a handler or a controller. */
export const AllowAnonymous = (): ClassDecorator & MethodDecorator =>
  SetMetadata(ALLOWS_ANONYMOUS, true);

/**
 * Lets in only who has signed in a short while ago, as before a password is changed (OWASP, "Reauthentication After Risk
 * Events"): `@SignedInWithin('10m')`. Others are answered 401 with `error="insufficient_user_authentication"` and `max_age`
 * (RFC 9470), upon which a client asks for the password again and calls what calls `session.signIn(principal)`.
 * @throws TypeError where the duration is none
 */
export function SignedInWithin(duration: Duration): ClassDecorator & MethodDecorator {
  const millis = readDuration(duration, { example: '10m' });
  if (typeof millis !== 'number') {
    throw new TypeError(`@SignedInWithin is given ${showValue(duration)}: ${millis}.`);
  }
  return applyDecorators(SetMetadata(SIGNED_IN_WITHIN, millis), UseGuards(SignedInGuard));
}

const INSUFFICIENT = 'insufficient_user_authentication';

function stepUp(context: ExecutionContext, maxAge: number): UnauthorizedException {
  if (context.getType() === 'http') {
    const response = context.switchToHttp().getResponse<Response>();
    (response.raw ?? response).setHeader(
      'WWW-Authenticate',
      `Bearer error="${INSUFFICIENT}", max_age="${maxAge}"`,
    );
  }
  return new UnauthorizedException({
    statusCode: 401,
    message: 'Sign in again',
    error: INSUFFICIENT,
    max_age: maxAge,
  });
}

interface Headed {
  setHeader(name: string, value: string): unknown;
}

/** Express's, or Fastify's around a raw one. */
interface Response extends Headed {
  raw?: Headed;
}

/** Gateways tell their clients of a WsException alone. */
async function refuse(context: ExecutionContext, error: UnauthorizedException): Promise<never> {
  throw context.getType() === 'ws' ? await toldAs(error.message, error) : error;
}
