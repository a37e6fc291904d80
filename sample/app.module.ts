import { Module } from '@nestjs/common';
import { ConfigModule } from '@nestjs/config';
import { AccountModule } from './account/account.module.js';
import { CartModule } from './cart/cart.module.js';
import { sampleConfig } from './config.js';
import { DevicesModule } from './devices/devices.module.js';
import { HoldModule } from './hold/hold.module.js';
import { PageModule } from './page/page.module.js';
import { SessionsModule } from './sessions/sessions.module.js';
import { VisitsModule } from './visits/visits.module.js';

@Module({
  imports: [
    ConfigModule.forRoot({ isGlobal: true, load: [sampleConfig] }),
    SessionsModule,
    VisitsModule,
    CartModule,
    AccountModule,
    DevicesModule,
    PageModule,
    HoldModule,
  ],
})
export class AppModule {}
