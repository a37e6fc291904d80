import { ServerResponse } from 'node:http';

/** The arguments of `writeHead`: a status, perhaps a reason, perhaps headers in one of the forms that node takes. */
export type HeadArguments = [status: number, ...rest: unknown[]];

/** Node's HTTP/1 response keeps its head in a field; HTTP/2's has a getter of that name. */
interface Http1Response extends ServerResponse {
  _header: string | null;
  getRawHeaderNames(): string[];
}

/** What nobody may do to the headers of a response whose head has left. */
const HEADER_SETTERS = ['setHeader', 'setHeaders', 'appendHeader', 'removeHeader'] as const;

/**
 * Writes a head to a response of node's own that goes nowhere. What node refuses is thrown here, by node, to the caller
 * whose fault it is. Status and headers of the real response become what node makes of them, in either case.
 */
export function rehearseHead(response: ServerResponse, args: HeadArguments): Http1Response {
  const rehearsal = new ServerResponse(response.req) as Http1Response;
  const headers = response.getHeaders();
  for (const name in headers) rehearsal.setHeader(name, headers[name]!);
  if (!isHttp1(response)) {
    rehearsal.writeHead(...(args as [number]));
    return rehearsal;
  }
  rehearsal.statusCode = response.statusCode;
  rehearsal.statusMessage = response.statusMessage;
  try {
    rehearsal.writeHead(...(args as [number]));
  } finally {
    response.statusCode = rehearsal.statusCode;
    response.statusMessage = rehearsal.statusMessage;
    if (args.length > 1) copyChangedHeaders(rehearsal, response);
  }
  return rehearsal;
}

function copyChangedHeaders(from: Http1Response, to: ServerResponse): void {
  for (const name of from.getRawHeaderNames()) {
    const value = from.getHeader(name)!;
    if (to.getHeader(name) !== value) to.setHeader(name, value);
  }
}

/**
 * Makes a response that is held count as one whose head has left, as it would without us: nobody may change it, and a
 * late error doesn't write a second answer. `finished` stays as it is: to node the connection is busy. Returns what
 * takes it back.
 */
export function countAsSent(response: ServerResponse, rehearsal: Http1Response): () => void {
  if (isHttp1(response)) {
    response._header = rehearsal._header;
    return () => {
      response._header = null;
      // Whatever it was set to since: the head was written by then.
      response.statusMessage = rehearsal.statusMessage;
    };
  }
  response.statusCode = rehearsal.statusCode;
  const undo = HEADER_SETTERS.map((name) =>
    override(response, name, rehearsal[name].bind(rehearsal)),
  );
  undo.push(override(response, 'headersSent', true));
  return () => undo.forEach((each) => each());
}

/** Makes a response that was ended while held say so. Returns what takes it back. */
export function countAsEnded(response: ServerResponse): () => void {
  return override(response, 'writableEnded', true);
}

function override(response: ServerResponse, name: string, value: unknown): () => void {
  const before = Object.getOwnPropertyDescriptor(response, name);
  Object.defineProperty(response, name, { value, configurable: true, writable: true });
  return () => {
    if (before) Object.defineProperty(response, name, before);
    else delete (response as unknown as Record<string, unknown>)[name];
  };
}

function isHttp1(response: ServerResponse): response is Http1Response {
  return Object.hasOwn(response, '_header');
}
