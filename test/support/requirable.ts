import { jest } from '@jest/globals';

const MODULES = [
  '@nestjs/common',
  '@nestjs/core',
  '@nestjs/core/injector/injector',
  '@nestjs/core/errors/exceptions/unknown-dependencies.exception',
];

/**
 * Lets CommonJS packages require Nest, whose packages are ES modules: node gives them, Jest on Node 20 can't. They get what
 * everybody else has imported.
 */
export async function makeNestRequirable(): Promise<void> {
  for (const name of MODULES) jest.setMock(name, await import(name));
}
