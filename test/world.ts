import { randomBytes, randomUUID } from 'node:crypto'
import pg from 'pg'
import type { InjectOptions, Response } from 'light-my-request'
import { pino } from 'pino'
import type { Logger } from 'pino'
import { buildApp } from '../src/app.ts'
import type { AgreementTerms } from '../src/modules/lenders/index.ts'
import type { DebtInput } from '../src/modules/placements/index.ts'
import { findKeyByHash, setKeysUsed } from '../src/modules/tenants/index.ts'
import { openDatabase } from '../src/platform/db/database.ts'
import type { Database, Principal } from '../src/platform/db/database.ts'
import type { Tx } from '../src/platform/db/tx.ts'
import type { App } from '../src/platform/api/api.ts'
import { settle } from '../src/platform/jobs/clock.ts'
import { findTenant, runJob } from '../src/platform/jobs/run.ts'
import type { Machine } from '../src/platform/jobs/run.ts'
import { guardedAgent } from '../src/platform/http/guard.ts'
import type { Letter, Sender } from '../src/platform/outside.ts'
import type { Vault } from '../src/platform/secrets/vault.ts'
import { openVault } from '../src/platform/secrets/vault.ts'
import { idOf } from '../src/kernel/index.ts'
import type { Id } from '../src/kernel/index.ts'
import { jobs } from '../src/worker.ts'

/** The operator's key in tests. */
export const operatorKey = 'rk_operator_0123456789abcdef0123456789abcdef'

/** Where borrowers reach the API in tests. */
export const publicUrl = 'https://recoup.example'

/** An agency of a test: its id and its first administrator's key. */
export interface Agency { id: Id<'tenant'>, key: string, testClockId: Id<'testClock'> | null }

/** A lender of a test: its id, and a key that reaches its rows and no others. */
export interface Lender { id: Id<'lender'>, key: string, agreementId: Id<'agreement'> }

/** Who calls in a test: an agency, a key, the operator, or nobody. */
export type As = Agency | { key: string } | 'operator' | 'nobody'

const keyOf = (as: As): string | undefined => as === 'nobody' ? undefined : as === 'operator' ? operatorKey : as.key

/** Clones the template database that the runner made: 80 ms, and nothing a test does can reach another. */
export async function cloneDatabase (): Promise<{ url: string, drop (): Promise<void> }> {
  const server = process.env['RECOUP_TEST_DATABASE_URL']
  if (server === undefined) throw new Error('run tests through `npm test` or `npm run t FILE`: they need the database it starts')
  const name = `t_${randomUUID().replaceAll('-', '')}`
  const admin = async (text: string): Promise<void> => {
    const client = new pg.Client({ connectionString: server })
    await client.connect()
    try {
      await client.query(text)
    } finally {
      await client.end()
    }
  }
  await admin(`create database ${name} template ${process.env['RECOUP_TEST_TEMPLATE'] ?? 'recoup_template'}`)
  const url = new URL(server)
  url.pathname = `/${name}`
  return { url: url.href, drop: async () => await admin(`drop database if exists ${name} with (force)`) }
}

/** What was handed to the providers of mail and SMS. A provider drops the repeat of a key, as real ones do. */
function mailroom (): { sent: Letter[], sender: Sender } {
  const sent: Letter[] = []
  return { sent, sender: { send: async letter => {
    if (!sent.some(({ key }) => key === letter.key)) sent.push(letter)
    return { providerId: `local-${letter.key}` }
  } } }
}

/** A world to test in: a database of its own, the application over it, and helpers that speak the domain. */
export interface World {
  app: App
  db: Database
  vault: Vault
  machine: Machine
  url: string
  /** Work that threw, by job. */
  failures: { job: string, error: unknown }[]
  /** What was handed to the providers of mail and SMS. */
  email: Letter[]
  sms: Letter[]
  /** Calls the API as somebody. Bodies go as JSON. What writes has an Idempotency-Key of its own unless one is given, as a careful client would send it. */
  call (as: As, method: Method, url: string, body?: unknown, headers?: Record<string, string>): Promise<Response>
  /** Calls and expects success; answers the body. */
  ok<T = Record<string, never>> (as: As, method: Method, url: string, body?: unknown): Promise<T>
  /** A sandbox agency, by default with a test clock at 09:00 UTC on 5 January 2026. */
  agency (input?: { jurisdiction?: string, timeZone?: string, now?: string | null, livemode?: boolean }): Promise<Agency>
  /** A lender of an agency with an agreement, and the lender's own key. Terms by default: 20 % of principal and interest, no charges, accepted at once, 180 days, CNY. */
  lender (agency: Agency, terms?: Partial<AgreementTerms> & { currency?: string }): Promise<Lender>
  /** A debt placed through the API: by default 1,000.00 CNY of principal, due on 20 December 2025, one borrower with a phone and an e-mail address. */
  account (agency: Agency, lender: Lender, input?: Partial<DebtInput>): Promise<{ accountId: Id<'account'>, placementId: Id<'placement'> }>
  /** Runs every job of an agency until nothing is left to do at its present time. */
  settle (tenant: Agency): Promise<void>
  /** Moves an agency's test clock to an instant, with everything that falls due on the way. */
  liveUntil (tenant: Agency, to: string): Promise<void>
  /** Work on an agency's rows past the API, for looking at what was stored. */
  tx<T> (tenant: Agency, work: (tx: Tx) => Promise<T>): Promise<T>
  close (): Promise<void>
}

const plainTerms: AgreementTerms = {
  commission: { base: ['principal', 'interest'], rate: '0.2', vatRate: '0' }, interest: null, lateFees: [], allocation: ['costs', 'penalty', 'interest', 'principal'],
  remittance: 'net', autoAccept: true, termDays: 180,
}

let debts = 0

/** A debt as a lender would place it, with a reference and addresses of its own. */
export const aDebt = (): DebtInput => {
  const n = ++debts
  return {
    lenderReference: `LN-${String(n).padStart(6, '0')}`, product: 'consumerLoan', currency: 'CNY', jurisdiction: 'CN', timeZone: 'Asia/Shanghai', dueOn: '2025-12-20', balance: { principal: 1_000_00 },
    parties: [{
      role: 'borrower', kind: 'person', name: `Borrower ${n}`, identity: `1101011990${String(n).padStart(8, '0')}`,
      contactPoints: [{ channel: 'phone', value: `+86138${String(n).padStart(8, '0')}` }, { channel: 'email', value: `borrower${n}@example.com` }],
    }],
  }
}

type Method = NonNullable<InjectOptions['method']>

/** A database of its own, the application over it, and helpers that speak the domain. Close it in a teardown. */
export async function world (options: { keyPerMinute?: number, addressPerMinute?: number, log?: Logger } = {}): Promise<World> {
  const { url, drop } = await cloneDatabase()
  const db = openDatabase({ url, poolMax: 8, prepare: true })
  const vault = openVault(`test:${Buffer.alloc(32, 7).toString('base64')}`)
  const email = mailroom()
  const sms = mailroom()
  const failures: { job: string, error: unknown }[] = []
  const machine: Machine = {
    db, vault, jobs, outside: { email: email.sender, sms: sms.sender, http: guardedAgent({ allowPrivate: true }), allowPrivate: true, publicUrl },
    onFailure: (job, _tenantId, error) => { failures.push({ job, error }) },
  }
  const app = await buildApp({
    db, vault, operatorKey, redis: null, log: options.log ?? (process.env['LOG_LEVEL'] === undefined ? false : pino({ level: process.env['LOG_LEVEL'] })), trustProxy: [],
    limits: { keyPerMinute: options.keyPerMinute ?? 1_000_000, tenantPerMinute: 1_000_000, addressPerMinute: options.addressPerMinute ?? 1_000_000 },
    // A machine that runs many tests at once is slow, not overloaded: a loop that was not looked at for a second would count as one that stands still.
    eventLoopDelayMaxMs: 0,
    keyring: {
      findByHash: async hash => await findKeyByHash(db, hash),
      async markUsed (keys) {
        for (const [key, tenant] of keys) {
          const principal = await findTenant(db, tenant)
          if (principal !== null) await db.withTenant(principal, async tx => await setKeysUsed(tx, [key]))
        }
      },
    },
  }, { db, machine, queues: null, vault })

  const call: World['call'] = async (as, method, url, body, headers = {}) => {
    const key = keyOf(as)
    return await app.inject({
      method, url,
      headers: {
        ...key !== undefined && { authorization: `Bearer ${key}` }, ...body !== undefined && { 'content-type': 'application/json' }, ...method !== 'GET' && { 'idempotency-key': randomUUID() }, ...headers,
      },
      ...body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) },
    })
  }

  const ok = async <T>(as: As, method: Method, url: string, body?: unknown): Promise<T> => {
    const reply = await call(as, method, url, body)
    if (reply.statusCode >= 300) throw new Error(`${method} ${url}: ${reply.statusCode} ${reply.body}`)
    return reply.json<T>()
  }

  const agency: World['agency'] = async ({ jurisdiction = 'CN', timeZone = 'Asia/Shanghai', now = '2026-01-05T09:00:00Z', livemode = false } = {}) => {
    const made = await ok<{ id: Id<'tenant'>, adminKey: { key: string }, testClockId: Id<'testClock'> | null }>('operator', 'POST', '/v1/tenants', {
      name: `Agency ${randomBytes(3).toString('hex')}`, jurisdiction, timeZone, livemode, ...now !== null && !livemode && { testClock: { now } },
    })
    return { id: made.id, key: made.adminKey.key, testClockId: made.testClockId }
  }

  const lender: World['lender'] = async (as, { currency = 'CNY', ...terms } = {}) => {
    const { id } = await ok<{ id: Id<'lender'> }>(as, 'POST', '/v1/lenders', { type: 'consumerFinance', name: `Lender ${randomBytes(3).toString('hex')}` })
    const { key } = await ok<{ key: string }>(as, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'Core banking' })
    const agreement = await ok<{ id: Id<'agreement'> }>(as, 'POST', `/v1/lenders/${id}/agreements`, { currency, effectiveOn: '2000-01-01', terms: { ...plainTerms, ...terms } })
    return { id, key, agreementId: agreement.id }
  }

  const account: World['account'] = async (as, { id }, input = {}) => {
    const placement = await ok<{ id: Id<'placement'>, accountId: Id<'account'> }>(as, 'POST', '/v1/placements', { lenderId: id, ...aDebt(), ...input })
    return { accountId: placement.accountId, placementId: placement.id }
  }

  const principal = async (tenant: Agency): Promise<Principal> => (await findTenant(db, tenant.id))!

  return {
    app, db, vault, machine, url, call, ok, agency, lender, account, failures, email: email.sent, sms: sms.sent,
    settle: async tenant => { await settle(machine, tenant.id) },
    async liveUntil (tenant, to) {
      await settle(machine, tenant.id)
      await ok(tenant, 'POST', `/v1/test-clocks/${tenant.testClockId!}/advance`, { to })
      while (await runJob(machine, 'tenants.advanceTestClocks', tenant.id, 60_000)) { /* another slice */ }
      await settle(machine, tenant.id)
    },
    tx: async (tenant, work) => await db.withTenant(await principal(tenant), work),
    async close () {
      await app.close()
      await machine.outside.http.close()
      await db.close()
      await drop()
    },
  }
}

/** An id that is well made and belongs to nobody. */
export const strangeId = (kind: Parameters<typeof idOf>[0]): string => idOf(kind, '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44')
