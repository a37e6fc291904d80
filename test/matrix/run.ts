import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';

export interface RunOptions {
  /** Where it runs. */
  cwd: string;
  env?: Record<string, string>;
  /** Called with all that was printed so far. */
  onOutput?: (output: string) => void;
}

/** Starts a command; what it prints goes to `onOutput`, as one text from its beginning. */
export function start(command: string, { cwd, env, onOutput }: RunOptions): ChildProcess {
  const PATH = `${cwd}/node_modules/.bin:${process.env['PATH']}`;
  const child = spawn('sh', ['-c', `exec ${command}`], {
    cwd,
    env: { ...process.env, NODE_OPTIONS: '', PATH, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => onOutput?.((output += text)));
  }
  return child;
}

/** Runs a command to its end. @returns what it printed @throws Error with that where it fails */
export async function run(command: string, options: RunOptions): Promise<string> {
  let printed = '';
  const onOutput = (output: string) => {
    printed = output;
    options.onOutput?.(output);
  };
  const child = start(command, { ...options, onOutput });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`${command} failed (${code}):\n${printed.slice(-6000)}`);
  return printed;
}

/** Starts a server that prints `listening on <url>`, uses it, and ends it. @throws Error where it does not start */
export async function withServer(
  command: string,
  options: RunOptions,
  use: (url: string) => Promise<void>,
): Promise<void> {
  let printed = '';
  let child: ChildProcess | undefined;
  const listening = new Promise<string>((resolve) => {
    const onOutput = (output: string) => {
      printed = output;
      const [, url] = /listening on (\S+)/.exec(output) ?? [];
      if (url) resolve(url.replace('[::1]', '127.0.0.1'));
    };
    child = start(command, { ...options, onOutput });
  });
  const closed = once(child!, 'close');
  const ended = closed.then(() => {
    throw new Error(`${command} ended:\n${printed.slice(-6000)}`);
  });
  ended.catch(() => {});
  try {
    await use(await Promise.race([listening, ended]));
  } finally {
    child!.kill();
    await closed;
  }
}
