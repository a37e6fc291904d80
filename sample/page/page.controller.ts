import { Controller, Get, Inject } from '@nestjs/common';
import { Session } from 'nestjs-server-session';
import { CartService } from '../cart/cart.service.js';
import { sampleConfig, type SampleConfig } from '../config.js';

/** What the page shows. It only reads, so it starts no session and writes nothing. */
@Controller('page')
export class PageController {
  constructor(
    @Inject(sampleConfig.KEY) private readonly config: SampleConfig,
    private readonly cart: CartService,
  ) {}

  @Get()
  show(@Session() session: Session) {
    return {
      backend: this.config.backend.kind,
      session: session.isNew
        ? null
        : { id: session.id, createdAt: session.createdAt, expiresAt: session.expiresAt },
      visits: session.visits ?? 0,
      cart: this.cart.view(session),
      userName: session.principal ?? null,
    };
  }
}
