import { Body, Controller, Get, HttpCode, Param, Post, Query, Req } from '@nestjs/common';
import { Session, SessionService, type SignInOptions } from 'nestjs-server-session';
import { Gate } from './gated-backend.js';

const gates = new Map<string, Gate>();

/** Makes a gate that requests with `?gate=<name>` wait at. */
export function gate(name: string): Gate {
  const made = new Gate();
  gates.set(name, made);
  return made;
}

/** Sign-in, sign-out and what an application offers of both. */
@Controller()
export class PrincipalController {
  constructor(private readonly sessions: SessionService) {}

  @Get('me')
  me(@Session() session: Session) {
    const { principal, signedInAt, id } = session;
    return { principal, signedInAt, id, data: { ...session } };
  }

  @Post('set/:field')
  @HttpCode(200)
  set(@Session() session: Session, @Param('field') field: string) {
    (session as unknown as Record<string, unknown>)[field] = 1;
  }

  @Post('sign-in/:who')
  @HttpCode(200)
  async signIn(
    @Session() session: Session,
    @Param('who') who: string,
    @Query('gate') gate?: string,
    @Body() options?: SignInOptions,
  ) {
    await gates.get(gate ?? '')?.pass();
    await session.signIn(who, options);
    return { principal: session.principal, id: session.id };
  }

  /** Asks for its session only after the gate. */
  @Post('sign-in-late/:who')
  @HttpCode(200)
  async signInLate(@Req() request: object, @Param('who') who: string, @Query('gate') gate: string) {
    await gates.get(gate)?.pass();
    await (await this.sessions.of(request)).signIn(who);
  }

  @Post('regenerate')
  @HttpCode(200)
  async regenerate(@Session() session: Session) {
    await session.regenerate();
  }

  @Post('sign-out')
  @HttpCode(200)
  async signOut(@Session() session: Session, @Body() options?: SignInOptions) {
    await session.signOut(options);
    return { principal: session.principal };
  }

  @Get('devices')
  async devices(@Session() session: Session) {
    const list = await this.sessions.list(session.principal!);
    return list.map(({ id, data }) => ({ id, data, isThis: id === session.id }));
  }

  @Post('sign-out-elsewhere')
  @HttpCode(200)
  async signOutElsewhere(@Session() session: Session) {
    return { ended: await this.sessions.revokeAll(session.principal!, { except: session }) };
  }
}
