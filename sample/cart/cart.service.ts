import { Injectable } from '@nestjs/common';
import type { Session } from 'nestjs-server-session';
import { findProduct, type Product } from './products.js';

export interface CartLine extends Product {
  count: number;
}

export interface CartView {
  lines: CartLine[];
  totalCents: number;
}

/** The cart of a session. It keeps what was chosen and how many; names and prices are looked up. */
@Injectable()
export class CartService {
  view({ cart }: Session): CartView {
    const lines = (cart?.items ?? []).flatMap(({ sku, count }) => {
      const product = findProduct(sku);
      return product ? [{ ...product, count }] : [];
    });
    const totalCents = lines.reduce((sum, line) => sum + line.priceCents * line.count, 0);
    return { lines, totalCents };
  }

  add(session: Session, { sku }: Product): void {
    const cart = (session.cart ??= { items: [] });
    const item = cart.items.find((each) => each.sku === sku);
    if (item) item.count += 1;
    else cart.items.push({ sku, count: 1 });
  }

  removeOne(session: Session, { sku }: Product): void {
    const item = session.cart?.items.find((each) => each.sku === sku);
    if (!session.cart || !item) return;
    item.count -= 1;
    session.cart.items = session.cart.items.filter((each) => each.count > 0);
    if (session.cart.items.length === 0) this.empty(session);
  }

  empty(session: Session): void {
    delete session.cart;
  }
}
