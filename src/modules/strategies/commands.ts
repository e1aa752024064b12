import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { lockAccount } from '../accounts/index.ts'
import { listMissingTexts } from '../templates/index.ts'
import type { PlanInput, StrategyInput } from './api.ts'
import { AccountNotAtWork, StrategiesTooMany, StrategyExists, StrategyNotActive, StrategyTextMissing, StrategyVersionUnknown, checkPlan, strategiesMax, strategyFor } from './core.ts'
import type { Plan } from './core.ts'
import { countStrategies, findStrategy, findStrategyId, findVersion, insertEnrolments, insertStrategy, insertVersion, listActive, listAtWork, lockStrategy, setEnded, setStrategy } from './db.ts'
import type { NewEnrolment, StrategyRow, VersionRow } from './db.ts'
import { StrategyActivated, StrategyEnrolled, StrategyRetired } from './events.ts'

const planOf = ({ steps, appliesTo = {} }: PlanInput): Plan => checkPlan({ steps, appliesTo })

/** Adds a strategy with its first version as a draft. Throws `StrategyRefused`, `StrategyExists` and `StrategiesTooMany`. */
export async function createStrategy (tx: Tx, { name, rank = 0, ...input }: StrategyInput): Promise<StrategyRow> {
  const plan = planOf(input)
  if (await countStrategies(tx) >= strategiesMax) throw StrategiesTooMany({ strategiesMax })
  const strategy = await insertStrategy(tx, name, rank)
  if (strategy === null) throw StrategyExists({}, { resolution: { method: 'POST', path: `/v1/strategies/${await findStrategyId(tx, name)}/versions` } })
  await insertVersion(tx, strategy.id, 1, plan)
  return { ...strategy, latestVersion: 1 }
}

/** Adds the next version of a strategy, as a draft. Throws `NotFound` and `StrategyRefused`. */
export async function addStrategyVersion (tx: Tx, id: Id<'strategy'>, input: PlanInput): Promise<VersionRow> {
  const plan = planOf(input)
  const { latestVersion } = await lockStrategy(tx, id)
  return await insertVersion(tx, id, latestVersion + 1, plan)
}

/** Brings a version into use, in place of the one before: for debts placed from now on. Throws `NotFound`, `StrategyVersionUnknown`, and `StrategyTextMissing` when a step has nothing to say. */
export async function activateStrategy (tx: Tx, id: Id<'strategy'>, number: number): Promise<StrategyRow> {
  const { name, latestVersion } = await lockStrategy(tx, id)
  const version = await findVersion(tx, id, number)
  if (version === null) throw StrategyVersionUnknown({ latestVersion })
  const asked = version.steps.flatMap(({ channel, template = reminderCode }, i) => channel === 'call' ? [] : [{ channel, code: template, i }])
  const missing = await listMissingTexts(tx, asked)
  if (missing.length > 0) throw StrategyTextMissing({}, { violations: missing.map(({ code, channel, i }) => ({ pointer: `/version/steps/${i}`, message: `there is no text \`${code}\` for ${channel}` })) })
  emit(tx, StrategyActivated, {}, { strategyId: id, name, version: number })
  return await setStrategy(tx, id, { activeVersion: number, activatedAt: tx.ctx.now.toISOString() })
}

/** The text of a step that names none. */
export const reminderCode = 'reminder'

/** Takes a strategy out of use. What follows it stays with it. Throws `NotFound` and `StrategyNotActive`. */
export async function retireStrategy (tx: Tx, id: Id<'strategy'>): Promise<StrategyRow> {
  const { name, activeVersion } = await lockStrategy(tx, id)
  if (activeVersion === null) throw StrategyNotActive()
  emit(tx, StrategyRetired, {}, { strategyId: id, name, version: activeVersion })
  return await setStrategy(tx, id, { activeVersion: null, activatedAt: null })
}

/** Changes how a strategy ranks among those that are for the same debt. Throws `NotFound`. */
export async function rankStrategy (tx: Tx, id: Id<'strategy'>, rank: number): Promise<StrategyRow> {
  await lockStrategy(tx, id)
  return await setStrategy(tx, id, { rank })
}

async function enrol (tx: Tx, fresh: readonly NewEnrolment[]): Promise<void> {
  for (const { id: enrolmentId, placementId, accountId, strategyVersionId } of await insertEnrolments(tx, fresh)) {
    emit(tx, StrategyEnrolled, { accountId }, { enrolmentId, placementId, accountId, strategyVersionId })
  }
}

/** Enrols debts that have come to work and follow nothing yet, each in the strategy that is for it. Safe to repeat. */
export async function enrolPlaced (tx: Tx, accountIds: readonly Id<'account'>[]): Promise<void> {
  const active = await listActive(tx)
  const debts = await listAtWork(tx, accountIds, { unenrolled: true })
  await enrol(tx, debts.map(debt => ({ ...debt, strategyVersionId: strategyFor(active, debt)?.versionId ?? null })))
}

/** Puts a debt on another strategy, or (null) on what is done where there is none: what was planned gives way to what it says. Throws `NotFound`, `StrategyNotActive` and `AccountNotAtWork`. */
export async function enrolAccount (tx: Tx, accountId: Id<'account'>, strategyId: Id<'strategy'> | null): Promise<void> {
  const strategyVersionId = strategyId === null ? null : await activeVersionOf(tx, strategyId)
  // One after the other: of two that ask at once the second puts the debt on its own, and is not answered with the first's.
  await lockAccount(tx, accountId)
  const [debt] = await listAtWork(tx, [accountId], { unenrolled: false })
  if (debt === undefined) throw AccountNotAtWork()
  await setEnded(tx, debt.placementId)
  await enrol(tx, [{ ...debt, strategyVersionId }])
}

async function activeVersionOf (tx: Tx, id: Id<'strategy'>): Promise<Id<'strategyVersion'>> {
  const strategy = await findStrategy(tx, id)
  if (strategy === null) throw NotFound()
  const version = strategy.activeVersion === null ? null : await findVersion(tx, id, strategy.activeVersion)
  if (version === null) throw StrategyNotActive()
  return version.id
}
