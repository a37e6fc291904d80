/** For tests of real processes in real time, on a machine that others use: what fails three times is no accident. */
export const RETRIED = { retry: 2 };
