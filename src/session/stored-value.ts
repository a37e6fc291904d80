/**
 * What a codec of yours can hold and JSON can't. Empty here; with one for `SESSION_CODEC` declare:
 *
 * ```ts
 * declare module 'nestjs-server-session' {
 *   interface SessionCodecTypes { date: Date; map: Map<unknown, unknown> }
 * }
 * ```
 */
export interface SessionCodecTypes {}

type OfCodec = SessionCodecTypes[keyof SessionCodecTypes];

/** How deep a type is looked through: deep enough for what people declare, and cheap for the compiler. */
type Deepest = 4;

type Text = string | number | boolean | null | undefined;

type Call = ((...args: never[]) => unknown) | (abstract new (...args: never[]) => unknown);

/** Whether nothing is known of a type: `any`, `unknown`, `{}`. */
type IsOpen<T> = 0 extends 1 & T
  ? true
  : unknown extends T
    ? [keyof T] extends [never]
      ? true
      : false
    : false;

/** Why JSON can't hold a value of a type, in words that the compiler shows; `never` where it can. */
type Loss<T, Depth extends 0[] = []> = Depth['length'] extends Deepest
  ? never
  : [T] extends [Text]
    ? never
    : IsOpen<T> extends true
      ? never
      : LossOfEach<T, Depth>;

/** Of each type of a union. */
type LossOfEach<T, Depth extends 0[]> = T extends Text | OfCodec
  ? never
  : T extends Date
    ? 'JSON makes a text of a Date: declare string and store date.toISOString(), or name Date in SessionCodecTypes and provide a SESSION_CODEC that keeps it'
    : T extends { toJSON(...args: never[]): unknown }
      ? never
      : T extends ReadonlyMap<unknown, unknown>
        ? "JSON can't hold a Map: declare a Record and store Object.fromEntries(map)"
        : T extends ReadonlySet<unknown>
          ? "JSON can't hold a Set: declare a list and store [...set]"
          : T extends ArrayBufferView | RegExp
            ? "JSON can't hold bytes or a RegExp: declare string and store its text"
            : T extends bigint
              ? "JSON can't hold a bigint: declare string and store String(value)"
              : T extends symbol
                ? "JSON can't hold a symbol"
                : T extends Call
                  ? "JSON can't hold a function"
                  : T extends PromiseLike<unknown>
                    ? "JSON can't hold a promise: await it"
                    : T extends readonly (infer Item)[]
                      ? Loss<Item, [...Depth, 0]>
                      : T extends object
                        ? LossOfFields<T, [...Depth, 0]>
                        : never;

/** Of an object's own fields. A class's methods are on its prototype, and a brand of a type is nowhere: no loss. */
type LossOfFields<T, Depth extends 0[]> = {
  [K in keyof T & (string | number)]-?: NonNullable<T[K]> extends Call | symbol
    ? never
    : Loss<T[K], Depth>;
}[keyof T & (string | number)];

/** A type, or the reason why a session can't hold it: whoever reads or writes the field sees it in the compiler's error. */
export type StoredValue<T> = [Loss<T>] extends [never] ? T : [Loss<T>][0] & string;
