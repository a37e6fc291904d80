import { showValue } from '../../errors/show-value.js';

export const DEFAULT_TABLE = 'sessions';

/** The longest name that leaves room for what is put behind it: PostgreSQL cuts names at 63 bytes. */
const MAX_LENGTH = 40;
const NAME = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** The names of a backend's tables and indexes, quoted as SQL. */
export class TableNames {
  readonly sessions: string;
  readonly sessionsSweep: string;
  readonly principals: string;
  readonly principalsSweep: string;
  /** An expression: where ends are told, by a name that no other table has, in whichever schema it is. */
  readonly channel: string;
  /** An expression: the sessions' table as a number. */
  readonly oid: string;

  /**
   * @param table a name, or a schema's and a name, such as `app.sessions`
   * @throws TypeError where it is no plain name
   */
  constructor(table: unknown) {
    const parts = typeof table === 'string' ? table.split('.') : [];
    const name = parts.at(-1) ?? '';
    if (parts.length > 2 || !parts.every((part) => NAME.test(part)) || !isShort(name)) {
      throw new TypeError(
        `PostgresBackend: table is ${showValue(table)}. Write a name of letters, digits and _, of ${MAX_LENGTH} characters at the most, such as 'sessions' or 'app.sessions'.`,
      );
    }
    const schema = parts.length === 2 ? `"${parts[0]}".` : '';
    this.sessions = `${schema}"${name}"`;
    this.principals = `${schema}"${name}_principals"`;
    this.sessionsSweep = `"${name}_sweep"`;
    this.principalsSweep = `"${name}_principals_sweep"`;
    this.oid = `'${this.sessions}'::regclass::oid`;
    this.channel = `('session_ends_' || ${this.oid})`;
  }
}

function isShort(name: string): boolean {
  return name.length >= 1 && name.length <= MAX_LENGTH;
}
