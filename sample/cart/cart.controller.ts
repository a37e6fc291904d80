import {
  ConflictException,
  Controller,
  Delete,
  Get,
  HttpCode,
  Param,
  Post,
  UseGuards,
} from '@nestjs/common';
import { Session, SignedInGuard } from 'nestjs-server-session';
import { CartService, type CartView } from './cart.service.js';
import { ProductPipe } from './product.pipe.js';
import { type Product, PRODUCTS } from './products.js';

@Controller('cart')
export class CartController {
  constructor(private readonly cart: CartService) {}

  @Get('products')
  products(): readonly Product[] {
    return PRODUCTS;
  }

  @Post('items/:sku')
  @HttpCode(200)
  add(@Param('sku', ProductPipe) product: Product, @Session() session: Session): CartView {
    this.cart.add(session, product);
    return this.cart.view(session);
  }

  @Delete('items/:sku')
  removeOne(@Param('sku', ProductPipe) product: Product, @Session() session: Session): CartView {
    this.cart.removeOne(session, product);
    return this.cart.view(session);
  }

  @Post('order')
  @HttpCode(200)
  @UseGuards(SignedInGuard)
  order(@Session() session: Session): CartView {
    const ordered = this.cart.view(session);
    if (ordered.lines.length === 0) throw new ConflictException('The cart is empty.');
    this.cart.empty(session);
    return ordered;
  }
}
