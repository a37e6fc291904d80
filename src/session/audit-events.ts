import { channel } from 'node:diagnostics_channel';
import type { EndReason } from '../backends/session-ends.js';

/** Published on `nestjs-server-session:begin` when a session is stored first, by the process that did it. */
export interface SessionBeginEvent {
  /** The session's public id, never its token. */
  readonly id: string;
}

/** Published on `nestjs-server-session:sign-in`, and on `:sign-out` when a session goes on that is nobody's any more. */
export interface SessionSignInEvent {
  readonly id: string;
  readonly principal: string;
}

/** Published on `nestjs-server-session:new-token` when a session has another token, but for a sign-in's. */
export interface SessionNewTokenEvent {
  readonly id: string;
  readonly principal: string | undefined;
  readonly cause: 'regenerate' | 'renewal';
}

/** Published on `nestjs-server-session:end` when somebody has ended a session. An expiry is nobody's act. */
export interface SessionEndEvent {
  readonly id: string;
  /** Whose it was, as far as whoever ended it knew. */
  readonly principal: string | undefined;
  readonly reason: EndReason;
}

interface Events {
  begin: SessionBeginEvent;
  'sign-in': SessionSignInEvent;
  'sign-out': SessionSignInEvent;
  'new-token': SessionNewTokenEvent;
  end: SessionEndEvent;
}

const PREFIX = 'nestjs-server-session:';
const CHANNELS = {
  begin: channel(`${PREFIX}begin`),
  'sign-in': channel(`${PREFIX}sign-in`),
  'sign-out': channel(`${PREFIX}sign-out`),
  'new-token': channel(`${PREFIX}new-token`),
  end: channel(`${PREFIX}end`),
};

/** Tells whoever keeps an audit trail, within the request or message that has done it. */
export function audit<Name extends keyof Events>(name: Name, event: Events[Name]): void {
  if (CHANNELS[name].hasSubscribers) CHANNELS[name].publish(event);
}
