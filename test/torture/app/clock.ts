import type { AppCommand } from './settings.js';

/**
 * Loaded before the application (`--import`): its wall clock can be stepped from outside, as a machine's may be by NTP
 * or by hand. `performance.now` and timers stay, as they do on a real machine.
 */
const RealDate = Date;
const realNow = Date.now.bind(Date);
let offsetMs = 0;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) =>
    Reflect.construct(target, args.length === 0 ? [Date.now()] : args, newTarget) as Date,
});
RealDate.now = () => realNow() + offsetMs;

process.on('message', (command: AppCommand) => {
  if ('clockOffsetMs' in command) offsetMs = command.clockOffsetMs;
});
