/** What this application keeps in a session. */
declare module 'nestjs-server-session' {
  interface SessionData {
    visits: number;
    cart: { items: { sku: string; count: number }[] };
    /** Who signed in. */
    userName: string;
  }
}

export {};
