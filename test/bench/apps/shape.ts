import type { Shape } from '../sized-contents.js';

/** The parameters of a route that begins a session of some size. */
export interface ShapeParams {
  fields: string;
  kilobytes: string;
}

export function shapeOf({ fields, kilobytes }: ShapeParams): Shape {
  return { fields: Number(fields), kilobytes: Number(kilobytes) };
}
