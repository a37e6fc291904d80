import type { OnApplicationShutdown, OnModuleInit } from '@nestjs/common';
import { isShared } from './backends/shared-backend.js';

/** Tells the backend when its application starts and when it has ended. Nest calls it. */
export class BackendLifecycle implements OnModuleInit, OnApplicationShutdown {
  #isAcquired = false;

  constructor(
    private readonly backend: object,
    /** What asks a backend by itself, or listens to it. */
    private readonly watching: readonly { close(): void }[],
  ) {}

  async onModuleInit(): Promise<void> {
    if (!isShared(this.backend) || this.#isAcquired) return;
    this.#isAcquired = true;
    await this.backend.acquire();
  }

  /** After the server has closed, so that running requests have saved. */
  async onApplicationShutdown(): Promise<void> {
    for (const each of this.watching) each.close();
    if (!isShared(this.backend) || !this.#isAcquired) return;
    this.#isAcquired = false;
    await this.backend.release();
  }
}
