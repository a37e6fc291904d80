/** Which values a session's data may have; `npm run typecheck` runs it. */
import { Session, type StoredValue } from 'nestjs-server-session';
import '../support/session-data.js';

export class Money {
  constructor(
    readonly cents: number,
    readonly currency: string,
  ) {}
  plus(other: Money): Money {
    return new Money(this.cents + other.cents, this.currency);
  }
}

export interface Tree {
  name: string;
  children?: Tree[];
}

declare const brand: unique symbol;

export enum Role {
  Reader,
  Writer,
}

declare module 'nestjs-server-session' {
  interface SessionData {
    bag: Map<string, number>;
    seenAt: Date;
    tree: Tree;
    total: Money;
    role: Role;
    any: Any;
    filter: { tags: Set<string> };
  }
  interface SessionCodecTypes {
    url: URL;
  }
}

type Any = ReturnType<typeof JSON.parse>;
type IsSame<A, B> =
  (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
/** Whether a type can be stored as it is. */
type IsStored<T> = IsSame<StoredValue<T>, T>;

export const stored: true[] = [
  true satisfies IsStored<string>,
  true satisfies IsStored<'a' | 'b' | undefined>,
  true satisfies IsStored<boolean | null>,
  true satisfies IsStored<Tree>,
  true satisfies IsStored<Money>,
  true satisfies IsStored<Role>,
  true satisfies IsStored<[number, { a?: string }]>,
  true satisfies IsStored<Record<string, readonly number[]>>,
  true satisfies IsStored<unknown>,
  true satisfies IsStored<Any>,
  true satisfies IsStored<object>,
  true satisfies IsStored<{ at: { toJSON(): string } }>,
  true satisfies IsStored<URL | undefined>,
  true satisfies IsStored<string & { readonly brand: unique symbol }>,
  true satisfies IsStored<{ id: string } & { readonly [brand]: Date }>,
  true satisfies IsStored<{ id: string } & { readonly brand: symbol }>,
  true satisfies IsStored<Map<string, number> & { toJSON(): object }>,
  true satisfies IsStored<{ name: string; message: string }>,
  true satisfies IsStored<{}>,
];
export const refused: false[] = [
  false satisfies IsStored<Map<string, number>>,
  false satisfies IsStored<Date | undefined>,
  false satisfies IsStored<{ a: { b: Set<string> }[] }>,
  false satisfies IsStored<bigint>,
  false satisfies IsStored<RegExp>,
  false satisfies IsStored<Uint8Array>,
  false satisfies IsStored<new () => object>,
  false satisfies IsStored<{ at?: Date; tags?: Set<string> }>,
  false satisfies IsStored<symbol>,
  false satisfies IsStored<() => void>,
  false satisfies IsStored<Promise<string>>,
];

export function values(session: Session): void {
  session.tree = { name: 'a', children: [{ name: 'b' }] };
  session.total = new Money(100, 'EUR').plus(session.total!);
  session.role = Role.Writer;
  session.any = new Map();
  session.set('total', new Money(1, 'EUR'));
  // @ts-expect-error JSON can't hold a Map
  session.bag = new Map();
  // @ts-expect-error JSON can't hold a Map
  session.bag?.get('a');
  // @ts-expect-error JSON makes a text of a Date
  session.set('seenAt', new Date());
  // @ts-expect-error JSON makes a text of a Date
  session.seenAt?.getTime();
  // @ts-expect-error JSON can't hold a Set, deep inside
  session.filter = { tags: new Set() };
  // @ts-expect-error JSON can't hold a Map
  session.setFlash('bag', new Map());
}
