/** What this application keeps in a session. */
declare module 'nestjs-server-session' {
  interface SessionData {
    visits: number;
    cart: { items: { sku: string; count: number }[] };
    /** Of the page “See it hold”. */
    beats: number;
    /** What the list of devices shows. */
    signedInFrom: { agent: string; address: string };
  }
}

export {};
