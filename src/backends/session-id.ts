const SESSION_ID = /^[\w-]{22}$/;

/** Whether a text has the form of a session's id, 128 bits as base64url: what has not is no session, and part of no key. */
export function isSessionId(text: string): boolean {
  return SESSION_ID.test(text);
}
