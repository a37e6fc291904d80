import { ServerResponse } from 'node:http';
import { Http2ServerResponse } from 'node:http2';

/** The methods by which a response leaves. */
export type Methods = Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>;

/** What takes the calls of these methods. */
export interface Held {
  writeHead(args: unknown[]): void;
  write(args: unknown[]): boolean;
  end(args: unknown[]): void;
  flushHeaders(): void;
}

const BY_ITSELF = Symbol('held by its own methods');
const BY_PROTOTYPE = Symbol('held by the methods of its prototype');

type HeldBy<K extends symbol> = ServerResponse & { [key in K]?: Held };

const NODE_PROTOTYPES: readonly unknown[] = [
  ServerResponse.prototype,
  Http2ServerResponse.prototype,
];

/** Prototypes that have the methods, with those they had before. */
const prepared = new WeakMap<object, Methods>();

/**
 * Puts something between a response and whoever writes to it, and gives it the methods that were there before.
 *
 * Node's responses get methods of their own. Express gives each response a prototype of the application, which makes it
 * slow to add properties to it (four methods took about 40 µs): there the prototype gets them, once. A response that
 * somebody has wrapped already is wrapped once more.
 */
export function holdMethods(response: ServerResponse, hold: (original: Methods) => Held): void {
  const prototype = Object.getPrototypeOf(response) as ServerResponse;
  const isWrapped = Object.hasOwn(response, 'write') || Object.hasOwn(response, 'writeHead');
  if (isWrapped || NODE_PROTOTYPES.includes(prototype)) {
    const original = methodsOf(response);
    (response as HeldBy<typeof BY_ITSELF>)[BY_ITSELF] = hold(original);
    Object.assign(response, OWN_METHODS);
  } else {
    const original = prepared.get(prototype) ?? prepare(prototype);
    (response as HeldBy<typeof BY_PROTOTYPE>)[BY_PROTOTYPE] = hold(original);
  }
}

function prepare(prototype: ServerResponse): Methods {
  const original = methodsOf(prototype);
  prepared.set(prototype, original);
  Object.assign(prototype, methodsOver(BY_PROTOTYPE, original));
  return original;
}

function methodsOf({ writeHead, write, end, flushHeaders }: Methods): Methods {
  return { writeHead, write, end, flushHeaders };
}

/** Methods that ask what holds a response, and call the original ones where nothing does. */
function methodsOver<K extends symbol>(key: K, original?: Methods): Methods {
  return {
    writeHead(this: HeldBy<K>, ...args: unknown[]) {
      const held = this[key];
      if (held) held.writeHead(args);
      else original?.writeHead.apply(this, args as never);
      return this;
    },
    write(this: HeldBy<K>, ...args: unknown[]) {
      const held = this[key];
      return held ? held.write(args) : original!.write.apply(this, args as never);
    },
    end(this: HeldBy<K>, ...args: unknown[]) {
      const held = this[key];
      if (held) held.end(args);
      else original?.end.apply(this, args as never);
      return this;
    },
    flushHeaders(this: HeldBy<K>) {
      const held = this[key];
      if (held) held.flushHeaders();
      else original?.flushHeaders.call(this);
    },
  };
}

const OWN_METHODS = methodsOver(BY_ITSELF);
