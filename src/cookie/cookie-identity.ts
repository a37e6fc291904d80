import type { SessionRecord } from '../backends/session-backend.js';
import { Identity } from '../session/token.js';

/** What a token holds. */
export interface Held {
  readonly token: string;
  readonly record: SessionRecord;
  readonly expiresAtMs: number;
}

/** What a session goes by that is in its token: with it, once it is stored, all that it is by now. */
export class CookieIdentity extends Identity {
  held: Held | undefined;

  constructor(id?: string, generation?: string) {
    super(id, undefined, undefined, generation);
  }

  override get token(): string {
    return this.held?.token ?? '';
  }

  override get expiresAtMs(): number | undefined {
    return this.held?.expiresAtMs;
  }

  override renewed(): CookieIdentity {
    return new CookieIdentity(this.id, this.generation);
  }

  override regenerated(): CookieIdentity {
    return new CookieIdentity(this.id);
  }
}
