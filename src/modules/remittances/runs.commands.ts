import { addDays, dayIn, startOfDay } from '#kernel'
import { NotFound } from '#platform'
import type { Tx } from '#platform'
import { findLender } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { remit } from './commands.ts'
import { PeriodInFuture, periodAfter } from './core.ts'
import type { RemittanceRunInput, RemittanceScheduleInput } from './runs.api.ts'
import { findNextPurse, insertRun, lockDueRun, lockDueSchedule, setRunReached, setSchedule, setScheduleDue } from './runs.db.ts'
import type { RunRow, ScheduleRow } from './runs.db.ts'

/** Asks for a remittance: of one lender, one currency, or of all, through a day (yesterday unless given). The work is done by a job. Throws `NotFound`, `PeriodInFuture`. */
export async function createRemittanceRun (tx: Tx, { through, ...input }: RemittanceRunInput): Promise<RunRow> {
  const { lenderId, currency } = { lenderId: input.lenderId ?? null, currency: input.currency ?? null }
  if (lenderId !== null && await findLender(tx, lenderId) === null) throw NotFound()
  const today = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  if (through !== undefined && through > today) throw PeriodInFuture({ today })
  return await insertRun(tx, { lenderId, currency, throughOn: through ?? addDays(today, -1) })
}

/** Does one lender's money in one currency of a run under way, and notes it, in one transaction; answers whether more is to be done. */
export async function goOnWithRun (tx: Tx): Promise<boolean> {
  const run = await lockDueRun(tx)
  if (run === null) return false
  const purse = await findNextPurse(tx, run, run.reached)
  if (purse === null) {
    await setRunReached(tx, run.id, 'finished')
    return true
  }
  const statement = await remit(tx, purse.lenderId, purse.currency, run.throughOn)
  await setRunReached(tx, run.id, { reached: purse.key, isStated: statement !== null })
  return true
}

/** Sets how often a lender's money in one currency is passed on; the first time when the period under way is over. Throws `NotFound`. */
export async function setRemittanceSchedule (tx: Tx, { lenderId, currency, every }: RemittanceScheduleInput): Promise<ScheduleRow> {
  if (await findLender(tx, lenderId) === null) throw NotFound()
  const { timeZone } = await findTenant(tx)
  const next = periodAfter(every, dayIn(timeZone, tx.ctx.now))
  return await setSchedule(tx, { lenderId, currency, every, dueAt: startOfDay(next, timeZone).toISOString() })
}

/** Passes on what one schedule says is due, through the last day of the period that is over, and sets when it is due next; answers whether more may be due. */
export async function followSchedule (tx: Tx): Promise<boolean> {
  const schedule = await lockDueSchedule(tx)
  if (schedule === null) return false
  const { timeZone } = await findTenant(tx)
  // The day on which it fell due, not today: a worker that was away states each period it missed by itself.
  const dueOn = dayIn(timeZone, new Date(schedule.nextAt))
  await remit(tx, schedule.lenderId, schedule.currency, addDays(dueOn, -1))
  await setScheduleDue(tx, schedule.id, startOfDay(periodAfter(schedule.every, dueOn), timeZone).toISOString())
  return true
}
