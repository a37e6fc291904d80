/** Something to tell the user. */
export class Problem extends Error {}
/** Something that may be over in a moment. */
export class Outage extends Problem {}
/** Nobody is signed in, or not with that name and password. */
export class SignInProblem extends Problem {}

/** Sends a request; gives the answer, read as JSON, or throws what there is to tell. */
export async function send(method, path, { body, onAnswer = () => {} } = {}) {
  let response;
  try {
    response = await fetch(path, {
      method,
      cache: 'no-store',
      ...(body && {
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(body),
      }),
    });
  } catch {
    onAnswer('no answer');
    throw new Outage('The server does not answer. Is it running?');
  }
  onAnswer(response.status);
  const answer = parse(await response.text());
  if (response.ok) return answer;
  throw problemOf(response.status, answer?.message);
}

function problemOf(status, message) {
  if (status === 503) {
    return new Outage(
      'The place where sessions are kept does not answer. Yours is not lost: try again in a moment.',
    );
  }
  if (status === 401) {
    return new SignInProblem(message === 'Unauthorized' ? 'Please sign in first.' : message);
  }
  return new Problem(message ?? `The server answered ${status}.`);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
