let turn = 0;
let isOver = true;

/**
 * A number that is the same for all that runs in one turn: until what was started has run as far as it can without input
 * and without a timer.
 */
export function currentTurn(): number {
  if (isOver) {
    isOver = false;
    // Runs when no promise is left to go on.
    process.nextTick(() => {
      isOver = true;
      turn++;
    });
  }
  return turn;
}
