import type { ServerResponse } from 'node:http';

/** The methods by which a body leaves, and a head with it. */
export type Output = 'write' | 'end' | 'flushHeaders';
export type Method = 'writeHead' | Output;

/** What takes the calls of these methods. */
export interface Held {
  writeHead(args: unknown[]): unknown;
  write(args: unknown[]): unknown;
  end(args: unknown[]): unknown;
  flushHeaders(): unknown;
}

const HELD = Symbol('what holds the response');

type HeldBy<T extends Held> = ServerResponse & { [HELD]: T };

/** Methods that a response had of its own, because somebody wrapped it. */
type OwnMethods = Partial<Pick<ServerResponse, Method>>;

/** Shared by all responses: closures for each of them would cost more. */
const METHODS = {
  writeHead(this: HeldBy<Held>, ...args: unknown[]) {
    return this[HELD].writeHead(args);
  },
  write(this: HeldBy<Held>, ...args: unknown[]) {
    return this[HELD].write(args);
  },
  end(this: HeldBy<Held>, ...args: unknown[]) {
    return this[HELD].end(args);
  },
  flushHeaders(this: HeldBy<Held>) {
    return this[HELD].flushHeaders();
  },
};

/** What holds a response already. */
export function heldBy<T extends Held>(response: ServerResponse): T | undefined {
  return (response as HeldBy<T>)[HELD];
}

/**
 * Gives a response methods of its own, so that what holds it is asked first, whatever becomes of the response's
 * prototype: each Express application that a request goes through gives it another one.
 */
export function holdMethods<T extends Held>(
  response: ServerResponse,
  hold: (original: OriginalMethods) => T,
): T {
  const held = hold(new OriginalMethods(response));
  (response as HeldBy<T>)[HELD] = held;
  response.writeHead = METHODS.writeHead as ServerResponse['writeHead'];
  response.write = METHODS.write as ServerResponse['write'];
  response.end = METHODS.end as ServerResponse['end'];
  response.flushHeaders = METHODS.flushHeaders;
  return held;
}

/** The methods that a response has without us: those of its own, or those of the prototype that it has by then. */
export class OriginalMethods {
  readonly #own: OwnMethods | undefined;

  constructor(private readonly response: ServerResponse) {
    this.#own = isWrapped(response) ? ownMethods(response) : undefined;
  }

  call(name: Method, args: readonly unknown[]): unknown {
    const prototype = Object.getPrototypeOf(this.response) as ServerResponse;
    const method = (this.#own?.[name] ?? prototype[name]) as (
      ...args: readonly unknown[]
    ) => unknown;
    return method.apply(this.response, args as unknown[]);
  }
}

function isWrapped(response: ServerResponse): boolean {
  const { writeHead, write, end, flushHeaders } = Object.getPrototypeOf(response) as ServerResponse;
  return (
    response.writeHead !== writeHead ||
    response.write !== write ||
    response.end !== end ||
    response.flushHeaders !== flushHeaders
  );
}

function ownMethods(response: ServerResponse): OwnMethods {
  const names = METHOD_NAMES.filter((name) => Object.hasOwn(response, name));
  return Object.fromEntries(names.map((name) => [name, response[name]]));
}

const METHOD_NAMES = Object.keys(METHODS) as Method[];
