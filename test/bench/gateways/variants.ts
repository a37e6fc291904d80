import type { Labelled } from '../variants.js';

export const GATEWAY_PLATFORMS = ['socket.io', 'ws'] as const;
export type GatewayPlatform = (typeof GATEWAY_PLATFORMS)[number];

/** Whether the application of a gateway has this library at all. */
export type GatewayKind = 'none' | 'library';
/** What a message's handler does with the session: each is an event of the gateway. */
export type Use = 'unused' | 'read' | 'write';

export interface GatewayVariant extends Labelled {
  readonly platform: GatewayPlatform;
  readonly kind: GatewayKind;
  readonly use: Use;
}

export function gatewayVariants(platform: GatewayPlatform): GatewayVariant[] {
  return [
    { platform, label: 'no session library', kind: 'none', use: 'unused' },
    { platform, label: 'session unused', kind: 'library', use: 'unused' },
    { platform, label: 'reads', kind: 'library', use: 'read' },
    { platform, label: 'writes', kind: 'library', use: 'write' },
  ];
}
