import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Headers,
  HttpCode,
  Post,
  Query,
  Redirect,
  Req,
  UnauthorizedException,
} from '@nestjs/common';
import { TestApp } from './app.js';

/** What a client asks of the user's browser to bring. */
interface Authorization {
  client_id: string;
  redirect_uri: string;
  state?: string;
  nonce?: string;
  code_challenge?: string;
}

interface TokenRequest {
  code: string;
  redirect_uri: string;
  code_verifier?: string;
}

interface ProviderRequest {
  protocol: string;
  headers: { host: string };
}

const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });

const base64url = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
const challengeOf = (verifier: string) => createHash('sha256').update(verifier).digest('base64url');
const issuerOf = ({ protocol, headers }: ProviderRequest) => `${protocol}://${headers.host}`;

function signedToken(claims: object): string {
  const text = `${base64url({ alg: 'ES256', kid: 'test' })}.${base64url(claims)}`;
  const signature = sign('sha256', Buffer.from(text), {
    key: privateKey,
    dsaEncoding: 'ieee-p1363',
  });
  return `${text}.${signature.toString('base64url')}`;
}

/** Gives everybody who comes a code for Ada, once, and insists on what OAuth 2 and OpenID Connect have a client prove. */
@Controller()
class ProviderController {
  readonly #codes = new Map<string, Authorization>();
  readonly #accessTokens = new Set<string>();

  @Get('.well-known/openid-configuration')
  metadata(@Req() request: ProviderRequest) {
    const issuer = issuerOf(request);
    return {
      issuer,
      authorization_endpoint: `${issuer}/authorize`,
      token_endpoint: `${issuer}/token`,
      userinfo_endpoint: `${issuer}/userinfo`,
      jwks_uri: `${issuer}/jwks`,
      response_types_supported: ['code'],
      subject_types_supported: ['public'],
      id_token_signing_alg_values_supported: ['ES256'],
      code_challenge_methods_supported: ['S256'],
    };
  }

  @Get('jwks')
  keys() {
    return { keys: [{ ...publicKey.export({ format: 'jwk' }), kid: 'test', alg: 'ES256' }] };
  }

  @Get('authorize')
  @Redirect()
  authorize(@Query() authorization: Authorization) {
    const code = randomUUID();
    this.#codes.set(code, authorization);
    const url = new URL(authorization.redirect_uri);
    url.searchParams.set('code', code);
    if (authorization.state) url.searchParams.set('state', authorization.state);
    return { url: url.href };
  }

  @Post('token')
  @HttpCode(200)
  token(@Req() request: ProviderRequest, @Body() { code, ...proof }: TokenRequest) {
    const asked = this.#codes.get(code);
    this.#codes.delete(code);
    const { code_challenge: challenge, redirect_uri: redirectUri } = asked ?? {};
    if (!asked || redirectUri !== proof.redirect_uri) throw new BadRequestException();
    if (challenge && challenge !== challengeOf(proof.code_verifier ?? '')) {
      throw new BadRequestException();
    }
    const now = Math.floor(Date.now() / 1000);
    const times = { iat: now, exp: now + 60 };
    const { client_id: aud, nonce } = asked;
    const claims = { iss: issuerOf(request), sub: 'ada', aud, ...times, ...(nonce && { nonce }) };
    const accessToken = randomUUID();
    this.#accessTokens.add(accessToken);
    return {
      access_token: accessToken,
      token_type: 'Bearer',
      expires_in: 60,
      id_token: signedToken(claims),
    };
  }

  @Get('userinfo')
  user(@Headers('authorization') authorization = '') {
    const [, accessToken = ''] = authorization.split(' ');
    if (!this.#accessTokens.has(accessToken)) throw new UnauthorizedException();
    return { sub: 'ada' };
  }
}

/** A provider of identities on this machine, for OAuth 2 and OpenID Connect. */
export function startIdentityProvider(): Promise<TestApp> {
  return TestApp.start({ adapter: 'express', session: null, controllers: [ProviderController] });
}
