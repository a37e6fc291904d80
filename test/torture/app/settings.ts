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
  readonly store: StoreSettings;
}

export type OnLimit = 'end-oldest' | 'refuse';

/** How an application finds its Redis, or its PostgreSQL; `natMap` leads each server's own address through a wire. */
export interface StoreSettings {
  readonly kind: 'single' | 'cluster' | 'sentinel' | 'postgres';
  /** Where the server is, or the nodes, or the Sentinels. */
  readonly ports: readonly number[];
  readonly natMap: Readonly<Record<string, { host: string; port: number }>>;
}

/** The variable of the environment that holds an application's settings as JSON. */
export const SETTINGS_VARIABLE = 'TORTURE_SETTINGS';

/** What the torturer tells an application. */
export type AppCommand = { readonly clockOffsetMs: number };
