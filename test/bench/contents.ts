/** What a session holds, the same in every variant: five small fields and a text of 200 bytes. */
export interface Contents {
  visits: number;
  userId: string;
  signedInAtMs: number;
  locale: string;
  preferences: { theme: string; pageSize: number };
  about: string;
}

/** What every route answers, so that the body costs the same in every variant. */
export interface Answer {
  visits: number;
  theme: string;
}

export const FIRST_VISIT = 1;
export const THEME = 'dark';

/** For servers that keep no session, or routes that don't look at it. */
export const FIXED_ANSWER: Answer = { visits: FIRST_VISIT, theme: THEME };

export function newContents(): Contents {
  return {
    visits: FIRST_VISIT,
    userId: '5f1c9f0e-6a3b-4f8e-9a44-0d5f5c1c7b21',
    signedInAtMs: 1_767_225_600_000,
    locale: 'en-GB',
    preferences: { theme: THEME, pageSize: 50 },
    about: 'Lorem ipsum dolor sit amet, '.repeat(8).slice(0, 200),
  };
}

/** The reading route: a number and a part of an object. */
export function readSession(session: Partial<Contents>): Answer {
  return { visits: session.visits ?? 0, theme: session.preferences?.theme ?? '' };
}

/** The writing route: changes one field. */
export function writeSession(session: Partial<Contents>): Answer {
  session.visits = (session.visits ?? 0) + 1;
  return { visits: session.visits, theme: THEME };
}
