export const SECRET = 'a secret for benchmarks, of 32 characters or more';
