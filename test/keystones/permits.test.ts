import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { idOf } from '../../src/kernel/index.ts'
import { attemptOf, readPermit } from '../../src/modules/contacts/permits.core.ts'
import type { Letter, Sender } from '../../src/platform/outside.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { world } from '../world.ts'

/*
 * Nobody is written to without policy's permit. Held twice: by walking the source for every way to a sender and every way to a permit, and by running
 * each way there is and looking, at the moment a letter leaves, for the contact that its permit counts.
 */

const src = fileURLToPath(new URL('../../../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => name.replaceAll('\\', '/'))
const code = (file: string): string => readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
const filesWith = (pattern: RegExp): string[] => files.filter(file => pattern.test(code(file))).sort()

/** Every way to a sender of messages, each with the job that takes it. The second test runs each job. */
const ways: Record<string, string> = { 'modules/outreach/jobs.ts': 'outreach.sendDueMessages' }

/** Where `outside` is more than carried on: a sender taken out of it, by name, by channel, or by taking it apart. */
const reaching = /\boutside\s*(\?\.|!)?\s*(\.\s*(email|sms)\b|\[)|\{[^{}]*\b(email|sms)\b[^{}]*\}\s*=\s*[\w.]*\boutside\b/

t.test('messages leave by the ways that are known, and by no other', async t => {
  t.same(filesWith(reaching).filter(file => file !== 'deps.ts'), Object.keys(ways))
  t.same(filesWith(/\b(smtpSender|smsSender|mailboxSender)\b/).filter(file => !file.startsWith('platform/outside/')), ['deps.ts'])
  t.same(filesWith(/import type \{[^}]*\bSender\b/).filter(file => !/^(platform\/outside|deps\.ts|platform\/index\.ts)/.test(file)), [], 'nobody keeps a sender for himself')
  for (const shape of ['outside.sms.send(x)', 'outside [channel].send(x)', 'work.outside!.email', 'const { sms } = machine.outside']) t.match(shape, reaching, 'and they would be seen')
})

t.test('a permit is minted where contacts are counted, and nowhere else', async t => {
  t.same(filesWith(/as (unknown as )?PermitToken\b/), ['modules/contacts/permits.core.ts'])
  t.same(filesWith(/\bpermitToken\b/), ['modules/contacts/permits.commands.ts', 'modules/contacts/permits.core.ts'])
  t.same(filesWith(/\bas (unknown as )?Letter\b|\bas (never|any)\b/).filter(file => file.startsWith('modules/outreach/') || file.startsWith('platform/outside')), [], 'no letter is made by force')
  t.same(filesWith(/\b(insertPending|into contact_attempts|insert\(contactAttempts\))/).filter(file => !file.startsWith('modules/contacts/')), [], 'and nobody else counts contacts')
  t.same(filesWith(/\bpermitMessages\b/).filter(file => !file.startsWith('modules/contacts/')), ['modules/outreach/sending.commands.ts'])
})

t.test('every sender refuses what nobody permitted before it does anything else', async t => {
  const senders = files.filter(file => file.startsWith('platform/outside/') && /\basync send\b/.test(code(file)))
  t.ok(senders.length >= 3)
  for (const file of senders) for (const [, first] of code(file).matchAll(/async send \([^)]*\) \{\s*([^\n]*)/g)) t.equal(first, 'checkPermit(letter)', file)
})

t.test('when a letter leaves, its permit is the agency\'s own, and the contact it allows is counted and not yet made', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us)
  await w.account(us, bank, { dueOn: '2026-01-02' })
  await w.account(us, bank, { dueOn: '2026-01-02' })
  const sent: Letter[] = []
  const faults: string[] = []
  /** Looks at the contact of a letter past the job, while the job waits for its provider. */
  const watch: Sender = { async send (letter) {
    sent.push(letter)
    await w.tx(us, async tx => {
      const safe = await w.vault.safeOf(tx)
      const { id } = readPermit(letter.permit, text => safe.index('permit', text))
      const { rows } = await tx.execute(sql`select id, message_id, outcome from contact_attempts`)
      const attempt = rows.find(row => idOf('contactAttempt', String(row['id'])) === attemptOf(id))
      if (attempt?.['outcome'] !== 'pending' || idOf('message', String(attempt['message_id'])) !== letter.key) faults.push(letter.key)
    }).catch(error => { faults.push(`${letter.key}: ${String(error)}`) })
    return { providerId: null }
  } }
  Object.assign(w.machine.outside, { email: watch, sms: watch })
  await w.settle(us)
  for (const job of Object.values(ways)) while (await runJob(w.machine, job, us.id)) { /* another slice */ }
  t.same(faults, [])
  t.equal(sent.length, 4, 'two debts, each by e-mail and by SMS')
  t.same(new Set(sent.map(({ permit }) => permit)).size, 4, 'one contact, one permit')
  t.same(w.failures, [])
})
