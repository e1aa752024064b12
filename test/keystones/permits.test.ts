import { readFileSync, readdirSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'drizzle-orm'
import t from 'tap'
import { idOf, uuidOf } from '../../src/kernel/index.ts'
import type { PermitToken } from '../../src/kernel/index.ts'
import { attemptOf, readPermit } from '../../src/modules/contacts/permits.core.ts'
import { adapters } from '../../src/modules/gateways/core.ts'
import { sendersOf } from '../../src/modules/gateways/index.ts'
import type { Letter, Sender } from '../../src/platform/outside.ts'
import { runJob } from '../../src/platform/jobs/run.ts'
import { strangeId, world } from '../world.ts'

/*
 * Nobody is written to without policy's permit. Held twice: by walking the source for every way to a sender and every way to a permit, and by running
 * each way there is and looking, at the moment a letter leaves, for the contact that its permit counts.
 */

const src = fileURLToPath(new URL('../../../src', import.meta.url))
const files = readdirSync(src, { recursive: true, encoding: 'utf8' }).filter(name => name.endsWith('.ts')).map(name => name.replaceAll('\\', '/'))
const code = (file: string): string => readFileSync(join(src, file), 'utf8').replace(/\/\*[\s\S]*?\*\/|\/\/.*/g, '')
const filesWith = (pattern: RegExp): string[] => files.filter(file => pattern.test(code(file))).sort()

/** Every way to a sender of messages, each with the job that takes it. The second test runs each job. */
const ways: Record<string, string> = { 'modules/gateways/senders.jobs.ts': 'outreach.sendDueMessages' }

/** What posts to anybody outside by connections of its own: messages to an agency's providers, and webhooks, which carry no letters. */
const posting = ['modules/gateways/senders.jobs.ts', 'modules/webhooks/attempt.jobs.ts']

/** Where `outside` is more than carried on: a sender taken out of it, by name, by channel, or by taking it apart. */
const reaching = /\boutside\s*(\?\.|!)?\s*(\.\s*(email|sms)\b|\[)|\{[^{}]*\b(email|sms)\b[^{}]*\}\s*=\s*[\w.]*\boutside\b/

t.test('messages leave by the ways that are known, and by no other', async t => {
  t.same(filesWith(reaching).filter(file => file !== 'deps.ts'), Object.keys(ways))
  t.same(filesWith(/\b(smtpSender|smsSender|mailboxSender)\b/).filter(file => !file.startsWith('platform/outside/')), ['deps.ts'])
  t.same(filesWith(/import type \{[^}]*\bSender\b/).filter(file => !/^(platform\/outside|deps\.ts|platform\/index\.ts)/.test(file)), ['modules/gateways/senders.jobs.ts', 'modules/outreach/jobs.ts'], 'nobody else keeps a sender for himself')
  t.same(filesWith(/\bsendersOf\b/).filter(file => !file.startsWith('modules/gateways/')), ['modules/outreach/jobs.ts'], 'and what an agency sends by is asked for where permits are had')
  t.same(filesWith(/\bopenGateways\b/).filter(file => !file.startsWith('modules/gateways/')), ['modules/outreach/jobs.ts'])
  t.same(filesWith(/\.dispatch\(|import (?!type )[^']*from 'undici'|\bfetch\((?!tx\b)/).filter(file => file.startsWith('modules/')), posting, 'nobody else posts anything to anywhere')
  t.same(filesWith(/\b(insert into letters|insert\(letters\))/), ['modules/letters/db.ts'], 'letters for the post are written in one place')
  t.same(filesWith(/\bwriteLetters\b/).filter(file => !file.startsWith('modules/letters/')), ['modules/outreach/sending.commands.ts'], 'where permits are had')
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
  const senders = files.filter(file => /\basync send\b/.test(code(file)))
  t.ok(senders.length >= 4)
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

t.test('so it is when the letter leaves by an agency\'s own provider, and what no permit allows reaches none', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const faults: string[] = []
  const keys: string[] = []
  const provider = createServer((req, res) => {
    const key = String(req.headers['idempotency-key'])
    keys.push(key)
    void w.tx(us, async tx => (await tx.execute(sql`select outcome from contact_attempts where message_id = ${uuidOf(key)}::uuid`)).rows.map(({ outcome }) => outcome)).then(outcomes => {
      if (outcomes.length !== 1 || outcomes[0] !== 'pending') faults.push(`${key}: ${outcomes.join()}`)
      res.end('{"id":"x"}')
    })
  })
  await new Promise<void>(resolve => provider.listen(0, '127.0.0.1', resolve))
  t.teardown(() => { provider.close() })
  const url = `http://127.0.0.1:${(provider.address() as AddressInfo).port}/`
  await w.ok(us, 'POST', '/v1/gateways', { channel: 'sms', url })
  const bank = await w.lender(us)
  await w.account(us, bank, { dueOn: '2026-01-02' })
  await w.account(us, bank, { dueOn: '2026-01-02' })
  await w.settle(us)
  t.same(faults, [])
  t.equal(keys.length, 2, 'two debts, each by SMS')
  const { sms } = sendersOf(w.machine.outside, [{ id: idOf('gateway', strangeId('gateway').slice(4)), channel: 'sms', adapter: adapters.recoup, url, senderId: null, credentials: {} }])
  await t.rejects(sms.send({ tenantId: us.id, permit: 'prm_none' as PermitToken, key: 'k', to: '+8613800138000', text: 'pay' }), /no permit/)
  t.equal(keys.length, 2)
  t.same(w.failures, [])
})
