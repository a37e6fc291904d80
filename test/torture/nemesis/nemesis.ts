import type { Deployment } from '../deployment.js';
import type { NemesisEvent } from '../history.js';
import type { Random } from '../random.js';

/** What a nemesis works on. Whatever it breaks it mends before it ends. */
export interface Field {
  readonly deployment: Deployment;
  readonly random: Random;
  /** What the history says of it: it may add to that. */
  readonly event: NemesisEvent;
  /** Waits; shorter where the round is over. */
  pause(ms: number): Promise<void>;
}

export interface Nemesis {
  readonly name: string;
  /** What it says of itself in the history. */
  readonly facts?: Pick<NemesisEvent, 'cutsAnswers' | 'losesTail'>;
  /** Whether it is about one application process, drawn for it. */
  readonly isOfApp: boolean;
  /** Whether it can be now; always where it is missing. */
  isReady?(deployment: Deployment): Promise<boolean>;
  run(field: Field, app: number): Promise<void>;
}
