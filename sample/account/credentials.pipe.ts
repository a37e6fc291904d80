import { BadRequestException, Injectable, type PipeTransform } from '@nestjs/common';

export interface Credentials {
  name: string;
  password: string;
}

/** Takes a name and a password from a request's body. */
@Injectable()
export class CredentialsPipe implements PipeTransform<unknown, Credentials> {
  transform(body: unknown): Credentials {
    const { name, password } = (body ?? {}) as Record<string, unknown>;
    if (typeof name === 'string' && typeof password === 'string') return { name, password };
    throw new BadRequestException('Send a name and a password.');
  }
}
