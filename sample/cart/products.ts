export interface Product {
  sku: string;
  name: string;
  priceCents: number;
}

export const PRODUCTS: readonly Product[] = [
  { sku: 'sencha', name: 'Sencha green tea, 100 g', priceCents: 890 },
  { sku: 'assam', name: 'Assam black tea, 250 g', priceCents: 1150 },
  { sku: 'teapot', name: 'Stoneware teapot', priceCents: 3400 },
  { sku: 'cup', name: 'Cup without a handle', priceCents: 750 },
];

export function findProduct(sku: string): Product | undefined {
  return PRODUCTS.find((product) => product.sku === sku);
}
