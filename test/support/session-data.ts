declare module 'nestjs-server-session' {
  interface SessionData {
    visits: number;
    userId: string;
    flash: string[];
    cart: { items: { sku: string; count: number }[] };
    [field: `field${number}`]: number;
    anything: unknown;
  }
}

export {};
