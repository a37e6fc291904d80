import { Module } from '@nestjs/common';
import { CartModule } from '../cart/cart.module.js';
import { PageController } from './page.controller.js';

@Module({ imports: [CartModule], controllers: [PageController] })
export class PageModule {}
