import { problem } from '#kernel'

/** What people of an agency may be. */
export const roles = ['admin', 'manager', 'collector', 'compliance', 'finance', 'readonly'] as const
export type Role = typeof roles[number]

export const ScopeNotGrantable = problem('scope-not-grantable', 422, 'This kind of key cannot carry that scope.', 'Leave out the scope named in `detail`; /docs lists what each kind of key may carry.')
export const KeyRevoked = problem('key-revoked', 409, 'The key is already revoked.', 'Create a new key.')
export const NotASandbox = problem('not-a-sandbox', 409, 'Only a sandbox agency can have a test clock.', 'Ask the operator for an agency with `livemode: false`.')
export const ClockExists = problem('clock-exists', 409, 'The agency already lives by a test clock.', 'Advance the clock it has.')
export const ClockBackwards = problem('clock-backwards', 422, 'A test clock only moves forward.', 'Give an instant after `nowAt`.')
export const ClockTooFar = problem('clock-too-far', 422, 'A test clock moves at most a year at once.', 'Advance in steps of a year or less.')
export const ClockBusy = problem('clock-busy', 409, 'The clock is still on its way.', 'Poll the clock until its state is `ready`.')

const read = [
  'tenant:read', 'staff:read', 'keys:read', 'lenders:read', 'parties:read', 'accounts:read', 'placements:read', 'payments:read', 'charges:read', 'commissions:read',
  'outreach:read', 'templates:read', 'strategies:read', 'queues:read', 'disputes:read', 'policy:read', 'events:read', 'webhooks:read', 'ledger:read', 'calculations:read', 'statements:read', 'rates:read', 'receipts:read', 'adjustments:read', 'bank:read', 'letters:read', 'retention:read', 'promises:read', 'complaints:read',
] as const

const collect = ['queues:work', 'contacts:write', 'disputes:write', 'promises:write'] as const

/** What people earn and spend is for those who talk with them about it. */
const hardship = ['hardship:read', 'hardship:write'] as const

/** Every scope of the agency's own staff and services. */
const all = [
  ...read, ...collect, 'parties:reveal', 'staff:write', 'keys:write', 'clocks:write', 'lenders:write', 'placements:write', 'payments:write', 'outreach:write', 'templates:write', 'strategies:write',
  'queues:write', 'webhooks:write', 'parties:erase', 'secrets:rotate', 'remittances:write', 'rates:write', 'receipts:write', 'adjustments:write', 'bank:write', 'policy:write', 'exemptions:write', 'gateways:write', 'letters:write', 'retention:write', 'limitations:write', 'complaints:write', ...hardship,
] as const

/** What each role may do. Collectors reveal what they need to reach a borrower; nobody but an admin makes keys. */
export const roleScopes: Record<Role, readonly string[]> = {
  admin: all,
  manager: [...read, ...collect, 'parties:reveal', 'lenders:write', 'placements:write', 'payments:write', 'outreach:write', 'templates:write', 'strategies:write', 'queues:write', 'remittances:write', 'rates:write', 'receipts:write', 'adjustments:write', 'bank:write', 'policy:write', 'limitations:write', 'letters:write', 'complaints:write', ...hardship],
  collector: [...read.filter(scope => !['keys:read', 'staff:read', 'commissions:read', 'ledger:read', 'statements:read', 'receipts:read', 'bank:read', 'complaints:read'].includes(scope)), ...collect, 'parties:reveal', ...hardship],
  compliance: [...read, 'disputes:write', 'parties:reveal', 'parties:erase', 'policy:write', 'exemptions:write', 'templates:write', 'retention:write', 'limitations:write', 'complaints:write', ...hardship],
  finance: [...read, 'payments:write', 'remittances:write', 'rates:write', 'receipts:write', 'adjustments:write', 'bank:write'],
  readonly: read,
}

/** What a lender's key may carry: its own placements, accounts and money, never the agency's people or work. */
export const lenderScopes = [
  'tenant:read', 'lenders:read', 'parties:read', 'accounts:read', 'placements:read', 'placements:write', 'payments:read', 'payments:write', 'charges:read', 'commissions:read',
  'disputes:read', 'disputes:write', 'events:read', 'webhooks:read', 'webhooks:write', 'calculations:read', 'statements:read', 'adjustments:read', 'policy:read', 'policy:write', 'promises:read', 'complaints:read',
] as const

/** The scopes a new key gets: those asked for, or all that its kind may carry. Throws `ScopeNotGrantable` on one it may not. */
export function grant (grantable: readonly string[], asked: readonly string[] | undefined): string[] {
  const refused = asked?.find(scope => !grantable.includes(scope))
  if (refused !== undefined) throw ScopeNotGrantable({ scope: refused })
  return [...new Set(asked ?? grantable)].sort()
}

/** What a service of the agency may carry: everything staff may, but it makes no keys. */
export const serviceScopes: readonly string[] = all.filter(scope => scope !== 'keys:write' && scope !== 'staff:write')

/** The furthest one advance may go. */
export const advanceDaysMax = 366

/** Checks a move of a test clock. */
export function checkAdvance (now: Date, to: Date): void {
  if (to <= now) throw ClockBackwards({ nowAt: now.toISOString() })
  if (to.getTime() - now.getTime() > advanceDaysMax * 86_400_000) throw ClockTooFar({ daysMax: advanceDaysMax })
}
