import { Injectable, NotFoundException, type PipeTransform } from '@nestjs/common';
import { findProduct, type Product } from './products.js';

/** The product of a `:sku`. What a client names is looked up before it gets near the session. */
@Injectable()
export class ProductPipe implements PipeTransform<string, Product> {
  transform(sku: string): Product {
    const product = findProduct(sku);
    if (!product) throw new NotFoundException('There is no such product.');
    return product;
  }
}
