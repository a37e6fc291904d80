/** Gives one of a list after another, beginning anywhere: what has failed with one is tried with the next. */
export function inTurn(): <T>(list: readonly T[]) => T | undefined {
  let turn = Math.floor(Math.random() * 1000);
  return (list) => list[turn++ % list.length];
}

export type Pick = ReturnType<typeof inTurn>;
