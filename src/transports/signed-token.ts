import { TOKEN_LENGTH } from '../session/token.js';
import { type Signature, SIGNATURE_LENGTH } from './signature.js';

/** Characters of a signed token: `<token>.<signature>`. */
export const SIGNED_LENGTH = TOKEN_LENGTH + 1 + SIGNATURE_LENGTH;

const SIGNED = new RegExp(`^[A-Za-z0-9_-]{${TOKEN_LENGTH}}\\.[A-Za-z0-9+/]{${SIGNATURE_LENGTH}}$`);

/** A token whose signature is right. */
export interface SignedToken {
  readonly token: string;
  /** Whether it was signed with a secret that no longer signs. */
  readonly isOld: boolean;
}

/** `<token>.<signature>`, by the first of the secrets. */
export function signToken(token: string, signatures: readonly Signature[]): string {
  return `${token}.${signatures[0]!.of(token)}`;
}

/** The token of `<token>.<signature>`; `undefined` where the text is something else, or the signature wrong. */
export function readSigned(
  text: string,
  signatures: readonly Signature[],
): SignedToken | undefined {
  if (!SIGNED.test(text)) return undefined;
  const token = text.slice(0, TOKEN_LENGTH);
  const signature = text.slice(TOKEN_LENGTH + 1);
  const signedBy = signatures.findIndex((each) => each.verifies(token, signature));
  return signedBy === -1 ? undefined : { token, isOld: signedBy > 0 };
}
