import { scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';
import { Injectable } from '@nestjs/common';

/** One of the settings that the OWASP Password Storage Cheat Sheet gives for scrypt: 16 MiB of memory. */
const SCRYPT = { N: 2 ** 14, r: 8, p: 5 };
const HASH_BYTES = 32;

interface User {
  name: string;
  salt: string;
  hash: string;
}

/** Their passwords: `analytical-engine` and `first-compiler`. A real application has a database. */
const DEMO_USERS: readonly User[] = [
  {
    name: 'ada',
    salt: '3sj1VFLR5HlJSwFJVFbnWA',
    hash: '25Xm62QixK8hfW1XFFD4cITw3X50FLbTYtSMUzUjDmc',
  },
  {
    name: 'grace',
    salt: 'O6TafYshGWCtfY_2zfNWWg',
    hash: 'xJBmnyNNuf7Iy_FY6EDsGvf870y1LO0jercgpASuTfw',
  },
];

/** Compared with where no user has the name, so that the time of an answer doesn't tell which names exist. */
const NOBODY: User = { name: '', salt: '', hash: 'A'.repeat(43) };

const derive = promisify<string, Buffer, number, typeof SCRYPT, Buffer>(scrypt);

@Injectable()
export class UsersService {
  /** Whether a user has this name and this password. */
  async verify(name: string, password: string): Promise<boolean> {
    const user = DEMO_USERS.find((each) => each.name === name) ?? NOBODY;
    const salt = Buffer.from(user.salt, 'base64url');
    const hash = await derive(password, salt, HASH_BYTES, SCRYPT);
    const isEqual = timingSafeEqual(hash, Buffer.from(user.hash, 'base64url'));
    return isEqual && user !== NOBODY;
  }
}
