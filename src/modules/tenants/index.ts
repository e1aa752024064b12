/**
 * Agencies, the people who work there, and the keys that stand for them and for lenders.
 *
 * The operator makes an agency and hands its first key over; from there the agency makes its own. A key is 256 random bits, kept as their
 * SHA-256 and shown once. It carries scopes: what its kind and role may at most, or fewer. A rotated key overlaps with its successor,
 * a revoked one is dead in every process before the call returns its answer to anybody else.
 *
 * A sandbox agency may live by a test clock: its time stands still until advanced, and then everything due on the way happens in order.
 * What must never happen: a live agency with a test clock (the database refuses it), a key stored readable, a key that reaches another agency.
 */
export { api, ApiKey, KeyInput, NewApiKey } from './api.ts'
export { createLenderKey } from './commands.ts'
export { ScopeNotGrantable, lenderScopes, roleScopes } from './core.ts'
export { findKeyByHash, findStaff, findTenant, listTenants, setKeysUsed } from './db.ts'
export { ApiKeyCreated, ApiKeyRevoked, ApiKeyRotated, TestClockAdvanced, TestClockStarted } from './events.ts'
export * as jobs from './jobs.ts'
