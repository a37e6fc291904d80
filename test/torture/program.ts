/** What a handler does with its session, one thing after another: the torturer sends it along with the request. */
export type Step =
  | { op: 'set' | 'nest'; key: string; value: string }
  | { op: 'delete' | 'take'; key: string }
  | { op: 'increment'; key: string; by: number }
  /** Sets what no session can hold; always the last. */
  | { op: 'spoil'; key: string }
  | { op: 'clear' | 'touch' | 'save' | 'reload' | 'destroy' }
  | { op: 'regenerate'; keep?: string[] }
  | { op: 'lifetime'; idle: number; absolute: number }
  | { op: 'signIn'; as: string; keep?: string[] }
  | { op: 'signOut'; keep?: string[] }
  /** `others`: all but the session of the request. */
  | { op: 'revokeAll'; of: string; others: boolean }
  | { op: 'list'; of: string }
  /** `of`: only where it is that principal's. */
  | { op: 'revoke'; id: string; of?: string }
  | { op: 'peek'; id: string }
  /** Waits for the end of its session, for as long as its process lives. */
  | { op: 'watch' }
  | { op: 'sleep'; ms: number };

/** How it answers. `error` is a 500 by intent, `refusal` and `guard` are 4xx. */
export const KINDS = [
  'value',
  'observable',
  'send',
  'raw',
  'passthrough',
  'redirect',
  'file',
  'stream',
  'sse',
  'refusal',
  'error',
  'guard',
] as const;
export type Kind = (typeof KINDS)[number];

/** The status that each kind answers with where all goes well. */
export const STATUS: Record<Kind, number> = {
  value: 200,
  observable: 200,
  send: 201,
  raw: 202,
  passthrough: 200,
  redirect: 303,
  file: 200,
  stream: 200,
  sse: 200,
  refusal: 422,
  error: 500,
  guard: 403,
};

/** What a handler answers that finds its session gone when it saves. */
export const GONE_STATUS = 410;

/** What a sign-in is answered that a revocation has overtaken, or for which there is no room. */
export const REVOKED_STATUS = 401;
export const LIMIT_STATUS = 409;

/** What a handler answers whose session can't be saved for what it has set. */
const UNSAVABLE_STATUS = 500;

export interface Program {
  readonly steps: readonly Step[];
  readonly kind: Kind;
}

/** Whether an answer is what its program meant; a 503 may come to any. */
export function isIntended(status: number, { steps, kind }: Program): boolean {
  if (status === STATUS[kind] || status === GONE_STATUS) return true;
  if (status === REVOKED_STATUS || status === LIMIT_STATUS) {
    return steps.some(({ op }) => op === 'signIn');
  }
  return status === UNSAVABLE_STATUS && steps.some(({ op }) => op === 'spoil');
}

/** The header that carries a request's number and its steps. */
export const PROGRAM_HEADER = 'x-program';

/** Where an application has its sockets. */
export const SOCKETS_PATH = '/sockets';

/** A session as its handler saw it. */
export interface Sight {
  /** Between these times it was read: the handler began, or called `reload()`, and had it. */
  readonly fromMs: number;
  readonly toMs: number;
  readonly id: string;
  readonly isNew: boolean;
  /** Where the library has it: what changes with each new token that is no renewal. */
  readonly generation?: string;
  /** Whose it is, where it is somebody's. */
  readonly principal?: string;
  /** Registers, by the one text that identifies a write of theirs; counters as numbers. */
  readonly fields: Readonly<Record<string, string | number>>;
}

/** One step that was done, or failed. */
export interface StepReport {
  readonly fromMs: number;
  readonly toMs: number;
  /** The session's state after it. */
  readonly id: string;
  readonly isNew: boolean;
  readonly error?: string;
  /** What `reload` or `peek` saw; `null` where `peek` found nothing. */
  readonly sight?: Sight | null;
  /** What `list` gave. */
  readonly listed?: readonly Sight[];
  /** The session that `revokeAll` left alone. */
  readonly except?: string;
}

/** Which session a request has left, once all that it changed is saved. */
export type Left = Pick<Sight, 'id' | 'isNew'>;

/** What an application tells of a request, or of a socket, beside its answer. */
export type Report =
  | { type: 'begun'; n: number; sight: Sight }
  | { type: 'ended'; n: number; steps: StepReport[]; atMs: number }
  | { type: 'closed'; n: number; left: Left }
  /** From now on somebody waits for the end of the session that was seen so. */
  | { type: 'watching'; n: number; sight: Sight }
  /** Of its end somebody was told who had waited for it. */
  | { type: 'told'; n: number; atMs: number; reason: string };
