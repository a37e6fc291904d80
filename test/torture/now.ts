/**
 * The clock of the history: CLOCK_MONOTONIC in milliseconds. On Linux all processes of one machine share it, no clock
 * step moves it, and it goes on while a process is stopped, so times taken in different processes can be compared.
 */
export function nowMs(): number {
  return Number(process.hrtime.bigint()) / 1e6;
}
