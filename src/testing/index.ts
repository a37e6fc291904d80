export { sessionBackendContract } from './backend-contract.js';
export type { ContractCase, ContractTarget } from './backend-contract.js';
