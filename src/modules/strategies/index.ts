/**
 * What is done about debts, day by day past due: messages, and calls that collectors are asked to make.
 *
 * A strategy is a list of steps and says which debts it is for. Its versions are never changed, and one at most is in use. A debt is enrolled in the moment it comes to work: in the strategy of the highest rank
 * that is for it, or in ours where none is; and stays with that version until it is put on another. What a step leads to is planned and sent by `outreach`, which asks the law in its moment.
 *
 * What must never happen: a debt on two strategies, a version that says other things than when it was followed.
 */
export { api } from './api.ts'
export { reminderCode } from './commands.ts'
export { hourDefault, ourSteps, stepDays } from './core.ts'
export type { StepChannel, StrategyStep } from './core.ts'
export { listSteps } from './db.ts'
export { StrategyActivated, StrategyEnrolled, StrategyRetired } from './events.ts'
export * as jobs from './jobs.ts'
