import { idOf, uuidOf } from '../../src/kernel/index.ts'
import type { Id } from '../../src/kernel/index.ts'
import { permitMessages } from '../../src/modules/contacts/index.ts'
import { about, planSteps } from '../../src/modules/outreach/commands.ts'
import { fenceSeconds, languageOf, settleDue, stepInstant } from '../../src/modules/outreach/core.ts'
import { setFates } from '../../src/modules/outreach/db.ts'
import { isAnythingDue, lockDue } from '../../src/modules/outreach/due.db.ts'
import { MessageScheduled } from '../../src/modules/outreach/events.ts'
import { insertMessages, listTargets } from '../../src/modules/outreach/planning.db.ts'
import { permitDue, recordHandOvers } from '../../src/modules/outreach/sending.commands.ts'
import type { Permitted } from '../../src/modules/outreach/sending.commands.ts'
import { normalContact, revealContact } from '../../src/modules/parties/index.ts'
import { enrolPlaced } from '../../src/modules/strategies/commands.ts'
import { hourDefault, ourSteps, stepDays } from '../../src/modules/strategies/index.ts'
import { findWriter } from '../../src/modules/templates/index.ts'
import { openDatabase } from '../../src/platform/db/database.ts'
import type { Database } from '../../src/platform/db/database.ts'
import { emit } from '../../src/platform/events/outbox.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { findTenant } from '../../src/platform/jobs/run.ts'
import { openVault } from '../../src/platform/secrets/vault.ts'
import type { Vault } from '../../src/platform/secrets/vault.ts'
import { agency, call, patientFetch } from './stage.ts'
import type { Finding, Stage } from './stage.ts'

/** Three reminders each: 100,002 a side. */
const accountCount = 33_334
/** Accounts planned by one transaction, and the hours of the three days on which their reminders are due in New York. */
const planned = 500
const mornings = ['2026-03-03T14:00:00Z', '2026-03-07T14:00:00Z', '2026-03-15T13:00:00Z']
const pollMs = 50

/** How reminders are planned, and those that are due let go: with policy, or without. */
interface Way { plan (tx: Tx, enrolmentIds: readonly Id<'enrolment'>[]): Promise<void>, permit (tx: Tx, vault: Vault): Promise<{ permitted: Permitted[], isMore: boolean }> }

/** One of the two that are compared, and the time it took so far. */
interface Side { way: Way, tenantId: Id<'tenant'>, accountIds: Id<'account'>[], enrolmentIds: Id<'enrolment'>[], ms: number, decided: number }

/** Reminders planned within the law's hours and put before policy when due, with every contact before them, each decision kept; against the same loop without policy. */
export async function decideReminders (stage: Stage): Promise<Finding> {
  const masterKey = `bench:${Buffer.alloc(32, 7).toString('base64')}`
  const vault = openVault(masterKey)
  // The addresses are sealed by the program that places the debts and opened by this one.
  process.env['RECOUP_MASTER_KEY'] = masterKey
  const sides = [await place(stage, { plan: planSteps, permit: async (tx, vault) => await permitDue(tx, vault, { publicUrl: 'https://recoup.example', repeating: [] }) }), await place(stage, { plan: planUnasked, permit: permitUnasked })]
  delete process.env['RECOUP_MASTER_KEY']
  await stage.admin.query('vacuum analyze')

  const db = openDatabase({ url: stage.url, poolMax: 4, prepare: true })
  for (const side of sides) {
    for (let from = 0; from < accountCount; from += planned) await inTurn(db, side, async tx => { await enrolPlaced(tx, side.accountIds.slice(from, from + planned)) })
    const { rows } = await stage.admin.query<{ id: string }>('select id from enrolments where tenant_id = $1 order by id', [uuidOf(side.tenantId)])
    side.enrolmentIds = rows.map(({ id }) => idOf('enrolment', id))
  }
  await stage.admin.query('vacuum analyze enrolments')
  for (let from = 0; from < accountCount; from += planned) for (const side of sides) await timed(side, async () => { await inTurn(db, side, async tx => { await side.way.plan(tx, side.enrolmentIds.slice(from, from + planned)) }) })
  await stage.admin.query('vacuum analyze messages')
  for (const morning of mornings) {
    await stage.admin.query('update tenants set clock_at = $1 where tenant_id = any($2::uuid[])', [morning, sides.map(({ tenantId }) => uuidOf(tenantId))])
    let busy = sides
    while (busy.length > 0) {
      const more: Side[] = []
      for (const side of busy) if (await decideBatch(db, vault, side)) more.push(side)
      busy = more
    }
  }
  await db.close()
  const [ours, plain] = sides.map(({ ms, decided }) => {
    if (decided !== accountCount * mornings.length) throw new Error(`${decided} reminders were let go`)
    return decided / ms * 1_000
  })
  return { name: '100,000 reminders with policy', unit: 'decisions/s', ours: ours!, plain: plain!, goal: 0.5 }
}

async function timed<T> (side: Side, work: () => Promise<T>): Promise<T> {
  const began = performance.now()
  const result = await work()
  side.ms += performance.now() - began
  return result
}

const inTurn = async <T>(db: Database, { tenantId }: Side, work: (tx: Tx) => Promise<T>): Promise<T> => await db.withTenant((await findTenant(db, tenantId))!, work)

/** Decides one batch; that it was sent is recorded out of the measure. True when more is due. */
async function decideBatch (db: Database, vault: Vault, side: Side): Promise<boolean> {
  const { permitted, isMore } = await timed(side, async () => await inTurn(db, side, async tx => await side.way.permit(tx, vault)))
  side.decided += permitted.length
  await inTurn(db, side, async tx => { await recordHandOvers(tx, permitted.map(message => ({ message, isTaken: true, providerId: null }))) })
  if (permitted.length === 0 && isMore) throw new Error('something is due and not let go')
  return isMore
}

/** An agency with many debts, each with a phone of its own, placed through the API. */
async function place ({ admin, run }: Stage, way: Way): Promise<Side> {
  const { address, stop } = await run('placing', [])
  const { tenantId, key, lenderId } = await agency(address, '2026-03-01T15:00:00Z')
  const body = Array.from({ length: accountCount }, (_, n) => JSON.stringify({
    lenderReference: `R-${n}`, product: 'card', currency: 'USD', jurisdiction: 'US', region: 'NY', timeZone: 'America/New_York', dueOn: '2026-02-28', balance: { principal: 100_00 + n },
    parties: [{ role: 'borrower', kind: 'person', name: `Borrower ${n}`, contactPoints: [{ channel: 'phone', value: `+1212${2_000_000 + n}` }] }],
  })).join('\n')
  const reply = await patientFetch(`${address}/v1/placement-batches?lenderId=${lenderId}`, { method: 'POST', headers: { authorization: `Bearer ${key}`, 'content-type': 'application/x-ndjson' }, body })
  if (!reply.ok) throw new Error(`the batch was refused: ${await reply.text()}`)
  let batch = await reply.json() as { id: string, state: string, acceptedCount: number }
  while (batch.state !== 'processed') {
    await new Promise(resolve => setTimeout(resolve, pollMs))
    batch = await call(address, key, 'GET', `/v1/placement-batches/${batch.id}`)
  }
  await stop()
  if (batch.acceptedCount !== accountCount) throw new Error(`${batch.acceptedCount} of ${accountCount} were placed`)
  const { rows } = await admin.query<{ id: string }>('select id from accounts where tenant_id = $1 order by id', [uuidOf(tenantId)])
  // The boundary of an id that the API gave.
  return { way, tenantId: tenantId as Id<'tenant'>, accountIds: rows.map(({ id }) => idOf('account', id)), enrolmentIds: [], ms: 0, decided: 0 }
}

/** Plans as `planSteps` does, at nine whatever the law's hours are. */
async function planUnasked (tx: Tx, enrolmentIds: readonly Id<'enrolment'>[]): Promise<void> {
  const targets = await listTargets(tx, enrolmentIds)
  const messages = await insertMessages(tx, targets.flatMap(({ dueOn, placedOn, timeZone, ...target }) => stepDays(ourSteps, dueOn, placedOn).flatMap(({ step: { daysPastDue, channel }, on }) =>
    channel === 'sms' ? [{ ...target, channel, template: 'reminder', step: daysPastDue, plannedAt: stepInstant(on, hourDefault, timeZone).toISOString() }] : [])))
  for (const message of messages) emit(tx, MessageScheduled, message, { ...about(message), plannedAt: message.plannedAt })
}

/** Lets go what is due as `permitDue` does: taken, written from the open balance, fenced off, recorded as a contact and addressed; nobody is asked and nothing counted. */
async function permitUnasked (tx: Tx, vault: Vault): Promise<{ permitted: Permitted[], isMore: boolean }> {
  const due = (await lockDue(tx)).filter(message => settleDue({ ...message, isReachable: message.value !== null, dropsRepeats: true }, tx.ctx.now) === null)
  const write = await findWriter(tx, [...new Set(due.map(({ lenderId }) => lenderId))])
  const written = due.map(message => ({ message, reminder: write({
    code: 'reminder', channel: message.channel, language: languageOf(message.language, message.jurisdiction), jurisdiction: message.jurisdiction, isInitial: message.step === 3, lenderId: message.lenderId,
    variables: { agency: { name: message.agency, contact: null }, lender: { name: message.lender }, debts: [message], paymentHint: null, optOutUrl: null },
  }) }))
  await setFates(tx, written.map(({ message: { id }, reminder: { templateVersion } }) => ({ id, fate: { state: 'sending' }, decisionId: null, templateVersion })), fenceSeconds)
  const safe = await vault.safeOf(tx)
  const permits = await permitMessages(tx, safe, due.map(message => ({ ...message, messageId: message.id, alsoAbout: [], decisionId: idOf('policyDecision', uuidOf(message.id)) })))
  const permitted = written.map(({ message, reminder: { text } }) => ({
    id: message.id, messageIds: [message.id], channel: 'sms' as const, attempt: message.attempts + 1, permittedAt: tx.ctx.now.toISOString(),
    letter: { tenantId: tx.ctx.tenantId, key: message.id, to: normalContact('phone', revealContact(safe, { id: message.contactPointId, value: message.value })!), text, permit: permits.get(message.id)! },
  }))
  return { permitted, isMore: await isAnythingDue(tx) }
}
