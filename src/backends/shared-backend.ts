/**
 * A backend that has something open while it is used, such as a connection of its own. Several applications may use one,
 * at the same time or one after another: what is open is closed when the last of them has ended.
 */
export interface SharedBackend {
  /** An application that uses it starts. It need not wait until the system answers. */
  acquire(): void | Promise<void>;
  /** An application that used it has ended, and its running requests have saved. */
  release(): void | Promise<void>;
}

export function isShared(backend: object): backend is SharedBackend {
  const { acquire, release } = backend as Partial<SharedBackend>;
  return typeof acquire === 'function' && typeof release === 'function';
}
