/** How one application process is made: what may differ between those of a deployment. */
export interface AppSettings {
  readonly adapter: 'express' | 'fastify';
  readonly load: 'eager' | 'lazy';
  readonly idleTimeout: number;
  readonly absoluteTimeout: number;
  readonly touchInterval: number;
  readonly renewInterval: number | false;
  readonly renewGrace: number;
  readonly backendTimeout: number;
  readonly principals: { readonly maxSessions?: number; readonly onLimit?: OnLimit };
  readonly redis: RedisSettings;
}

export type OnLimit = 'end-oldest' | 'refuse';

/** How an application finds its Redis; `natMap` leads each server's own address through a wire. */
export interface RedisSettings {
  readonly kind: 'single' | 'cluster' | 'sentinel';
  /** Where the Redis is, or the nodes, or the Sentinels. */
  readonly ports: readonly number[];
  readonly natMap: Readonly<Record<string, { host: string; port: number }>>;
}

/** The variable of the environment that holds an application's settings as JSON. */
export const SETTINGS_VARIABLE = 'TORTURE_SETTINGS';

/** What the torturer tells an application. */
export type AppCommand = { readonly clockOffsetMs: number };
