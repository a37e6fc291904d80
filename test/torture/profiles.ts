import type { AppSettings } from './app/settings.js';
import type { Bounds } from './history.js';

export const PROFILES = ['plain', 'short', 'renewing', 'crowded'] as const;
export type ProfileName = (typeof PROFILES)[number];

type Timing = Pick<
  AppSettings,
  'idleTimeout' | 'absoluteTimeout' | 'touchInterval' | 'renewInterval' | 'renewGrace'
>;

/** How sessions live in one round, in seconds. */
export interface Profile {
  readonly timing: Timing;
  /** A life of its own that a session may be given. */
  readonly lifetime: { readonly idle: number; readonly absolute: number };
  /** How many tabs each browser has, and how many browsers there are: those of short sessions must be left alone. */
  readonly browsers: number;
  readonly tabs: number;
  /** How often a tab is left alone: for some seconds, until its session is about to end, or longer with a longer life. */
  readonly naps: number;
  /** How many of all programs are about principals, and how many sessions each principal may have. */
  readonly signIns: number;
  readonly principals: AppSettings['principals'];
}

/** Short, so that no test waits long for a backend that is silent. */
const BACKEND_TIMEOUT = 0.7;

const LONG: Timing = {
  idleTimeout: 3_600,
  absoluteTimeout: 7_200,
  touchInterval: 1,
  renewInterval: false,
  renewGrace: 30,
};

const BY_NAME: Record<ProfileName, Profile> = {
  /** Long sessions: nothing ends but what is ended. */
  plain: {
    timing: LONG,
    lifetime: { idle: 1_800, absolute: 7_200 },
    browsers: 4,
    tabs: 3,
    naps: 0,
    signIns: 0.05,
    principals: {},
  },
  /** Both clocks run out all the time; a session may be given a longer life of its own. */
  short: {
    timing: { ...LONG, idleTimeout: 3, absoluteTimeout: 10, touchInterval: 0.5 },
    lifetime: { idle: 8, absolute: 14 },
    browsers: 20,
    tabs: 1,
    naps: 0.07,
    signIns: 0.1,
    principals: { maxSessions: 4, onLimit: 'end-oldest' },
  },
  /** Tokens are renewed all the time, by some processes only: a deployment that has just turned it on. */
  renewing: {
    timing: { ...LONG, renewInterval: 3, renewGrace: 2 },
    lifetime: { idle: 1_800, absolute: 7_200 },
    browsers: 4,
    tabs: 3,
    naps: 0,
    signIns: 0.15,
    principals: { maxSessions: 2, onLimit: 'refuse' },
  },
  /** A few principals sign in all the time, in more browsers than they may. */
  crowded: {
    timing: LONG,
    lifetime: { idle: 1_800, absolute: 7_200 },
    browsers: 6,
    tabs: 2,
    naps: 0,
    signIns: 0.4,
    principals: { maxSessions: 2, onLimit: 'end-oldest' },
  },
};

export function profileOf(name: ProfileName): Profile {
  return BY_NAME[name];
}

export type Settings = Omit<AppSettings, 'store'>;

/** How the application processes of one deployment are made: each differs from the next where it may. */
export function settingsOf({ timing, principals }: Profile, app: number): Settings {
  const isEven = app % 2 === 0;
  return {
    adapter: isEven ? 'express' : 'fastify',
    load: isEven ? 'eager' : 'lazy',
    backendTimeout: BACKEND_TIMEOUT,
    principals,
    ...timing,
    renewInterval: isEven && timing.renewInterval,
  };
}

/** The settings after a rolling restart: the other adapter, the other way to load, renewal turned on or off. */
export function otherSettings({ timing }: Profile, settings: Settings): Settings {
  return {
    ...settings,
    adapter: settings.adapter === 'express' ? 'fastify' : 'express',
    load: settings.load === 'eager' ? 'lazy' : 'eager',
    renewInterval: settings.renewInterval === false && timing.renewInterval,
  };
}

export function boundsOf({ timing, principals }: Profile): Bounds {
  return {
    idleMs: timing.idleTimeout * 1000,
    absoluteMs: timing.absoluteTimeout * 1000,
    touchMs: timing.touchInterval * 1000,
    renewMs: timing.renewInterval === false ? Infinity : timing.renewInterval * 1000,
    graceMs: timing.renewGrace * 1000,
    backendTimeoutMs: BACKEND_TIMEOUT * 1000,
    maxSessions: principals.maxSessions ?? Infinity,
    onLimit: principals.onLimit ?? 'end-oldest',
  };
}
