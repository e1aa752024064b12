import { createServer } from 'node:http'
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import pg from 'pg'
import { idOf, idPrefixes } from '../../src/kernel/index.ts'
import type { IdKind } from '../../src/kernel/index.ts'
import { documentOf } from '../../src/platform/api/openapi.ts'
import { aPostalDebt, writtenLetters } from '../letters.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, World } from '../world.ts'

/*
 * Walls between agencies, held by walking the catalogue and the document: a table or an operation is covered the day it is born.
 */

/** Tables a lender's own requests must touch although they are not a lender's rows. */
const sharedWithLenders = ['tenants', 'event_heads', 'idempotency_keys', 'data_keys', 'reference_rates']
/** Indexes that the machine needs across agencies. */
const acrossAgencies = ['api_keys_hash_index', 'gateways_id_index', 'idempotency_keys_created_at_index']
const appendOnly = ['commission_plans', 'consents', 'corrections', 'delivery_attempts', 'events', 'house_rules', 'invoice_settlements', 'invoices', 'journal_entries', 'policy_decisions', 'postings', 'reference_rates', 'remittances', 'reveals', 'statement_lines', 'statements', 'strategy_versions', 'template_activations', 'template_versions']

t.test('the catalogue', async t => {
  const w = await world()
  t.teardown(w.close)
  const admin = new pg.Client({ connectionString: w.url })
  await admin.connect()
  t.teardown(async () => { await admin.end() })
  const list = async (text: string): Promise<string[]> => (await admin.query<{ line: string }>(text)).rows.map(({ line }) => line).sort()

  t.test('every table is under forced row security, with a policy for the application', async t => {
    t.same(await list(`select relname as line from pg_class c where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      and (not relrowsecurity or not relforcerowsecurity or not exists (select from pg_policy p where p.polrelid = c.oid and 'recoup_app'::regrole = any(p.polroles)))`), [])
  })

  t.test('every key, index and foreign key begins with the agency', async t => {
    t.same(await list(`select conrelid::regclass || ' ' || conname as line from pg_constraint k
      where connamespace = 'public'::regnamespace and contype in ('p', 'f', 'u')
      and (select attname from pg_attribute where attrelid = k.conrelid and attnum = k.conkey[1]) <> 'tenant_id'`), [])
    t.same(await list(`select conrelid::regclass || ' ' || conname as line from pg_constraint k
      where connamespace = 'public'::regnamespace and contype = 'f'
      and (select attname from pg_attribute where attrelid = k.confrelid and attnum = k.confkey[1]) <> 'tenant_id'`), [])
    t.same(await list(`select i.relname as line from pg_index x join pg_class i on i.oid = x.indexrelid
      where i.relnamespace = 'public'::regnamespace and coalesce((select attname from pg_attribute where attrelid = x.indrelid and attnum = x.indkey[0]), '') <> 'tenant_id'`), acrossAgencies)
  })

  t.test('the application may not go around the walls, change the schema, or change what is only ever added', async t => {
    t.same(await list(`select rolname as line from pg_roles where rolname in ('recoup_app', 'recoup_relay') and (rolbypassrls or rolsuper or rolcreaterole or rolcreatedb)`), [])
    t.same(await list(`select nspname as line from pg_namespace where nspname in ('public', 'recoup') and has_schema_privilege('recoup_app', oid, 'create')`), [])
    t.same(await list(`select relname as line from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p') and has_table_privilege('recoup_app', oid, 'truncate')`), [])
    t.same(await list(`select relname as line from pg_class where relnamespace = 'public'::regnamespace and relkind in ('r', 'p')
      and not has_table_privilege('recoup_app', oid, 'update') and not has_table_privilege('recoup_app', oid, 'delete')`), appendOnly)
  })

  t.test('a lender reaches its own rows and nothing of the agency\'s', async t => {
    const open = await list(`select c.relname as line from pg_class c join pg_policy p on p.polrelid = c.oid
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p') and p.polname = 'agency' and pg_get_expr(p.polqual, p.polrelid) not like '%app.lender_id%'`)
    t.same(open, sharedWithLenders.sort())
  })

  t.test('no view, no function and no sequence goes around row security', async t => {
    t.same(await list(`select relname as line from pg_class where relnamespace = 'public'::regnamespace and relkind in ('v', 'm', 'S', 'f')`), [])
    t.same(await list(`select proname as line from pg_proc where pronamespace in ('public'::regnamespace, 'recoup'::regnamespace) and prosecdef`), [])
  })

  t.test('without an agency there is nothing, and with one only its own', async t => {
    const us = await w.agency()
    await w.agency()
    const app = new pg.Client({ connectionString: w.url })
    await app.connect()
    t.teardown(async () => { await app.end() })
    await app.query('begin')
    await app.query("select set_config('role', 'recoup_app', true)")
    t.equal((await app.query('select * from tenants')).rowCount, 0, 'unset means nothing')
    await app.query("select set_config('app.tenant_id', $1, true)", [us.id.slice(4)])
    t.equal((await app.query('select * from tenants')).rowCount, 1)
    await app.query('commit')
    await app.query('set role recoup_app')
    t.equal((await app.query('select * from tenants')).rowCount, 0, 'nothing is left in the session after the transaction')
  })
})

interface Parameter { name: string, in: string, required?: boolean, example?: unknown, schema: { enum?: unknown[] } }
interface Operation { operationId: string, security?: unknown[], description: string, parameters?: Parameter[], requestBody?: { content: Record<string, { example?: unknown, examples?: Record<string, { value: unknown }> }> } }
interface Document { paths: Record<string, Record<string, Operation>> }

/** Where the rows of each kind are that a path may name. */
const tableOf: Partial<Record<IdKind, string>> = {
  tenant: 'tenants', staff: 'staff', apiKey: 'api_keys', testClock: 'test_clocks', lender: 'lenders', agreement: 'agreements', party: 'parties', contactPoint: 'contact_points', contactHours: 'contact_hours',
  account: 'accounts', placement: 'placements', placementBatch: 'placement_batches', policyDecision: 'policy_decisions', houseRules: 'house_rules', policyExemption: 'policy_exemptions', hold: 'holds', dispute: 'disputes', complaint: 'complaints', hardshipAssessment: 'hardship_assessments', charge: 'charges',
  payment: 'payments', receipt: 'receipts', adjustment: 'adjustments', commissionEntry: 'commission_entries', commissionPlan: 'commission_plans', template: 'templates', strategy: 'strategies', callTask: 'call_tasks', message: 'messages', letter: 'letters', letterBatch: 'letter_batches', gateway: 'gateways', contactAttempt: 'contact_attempts', permit: 'contact_attempts', promise: 'promises', queue: 'queues', workItem: 'work_items', lease: 'leases',
  webhookEndpoint: 'webhook_endpoints', delivery: 'deliveries', event: 'events', columnMapping: 'column_mappings',
  statement: 'statements', invoice: 'invoices', remittance: 'remittances', remittanceRun: 'remittance_runs', bankStatement: 'bank_statements', bankLine: 'bank_lines',
} as Record<string, string>

/** Things of the law, the same for everybody. */
const common = new Set(['policyPackId'])

/** An agency in which something of every kind has happened. */
async function livedIn (w: World): Promise<Agency> {
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York', now: '2026-01-05T02:00:00Z' })
  const receiver = createServer((_req, res) => { res.end() }).listen(0, '127.0.0.1')
  await once(receiver, 'listening')
  await w.ok(us, 'POST', '/v1/staff', { name: 'Mei Tan', email: 'mei@example.com', role: 'collector' })
  await w.ok(us, 'POST', '/v1/webhook-endpoints', { url: `http://127.0.0.1:${(receiver.address() as AddressInfo).port}/` })
  const queue = await w.ok<{ id: string }>(us, 'POST', '/v1/queues', { name: 'All', ordering: 'balance', filter: { currencies: ['CNY'] } })
  const strategy = await w.ok<{ id: string }>(us, 'POST', '/v1/strategies', { name: 'Ours', steps: [{ daysPastDue: 3, channel: 'sms' }, { daysPastDue: 5, channel: 'email' }, { daysPastDue: 7, channel: 'call' }] })
  await w.ok(us, 'POST', `/v1/strategies/${strategy.id}/activate`, { version: 1 })
  const lender = await w.lender(us, { interest: { rate: '10', unit: 'pct_year', dayCount: 'ACT/365F' } })
  await w.ok(us, 'POST', `/v1/lenders/${lender.id}/commission-plans`, {
    currency: 'CNY', validFrom: '2026-01-01', terms: { base: ['principal'], rows: [{ method: { kind: 'flat', rate: '0.2' } }], vat: { rate: '0' }, recover: 'withhold' },
  })
  const { accountId } = await w.account(us, lender, { placedOn: '2026-01-05' })
  await w.ok(us, 'POST', `/v1/placement-batches?lenderId=${lender.id}`, { rows: [{}] })
  await w.ok(us, 'POST', '/v1/column-mappings', { name: 'Core', mapping: { lenderReference: { column: 'a' } } })
  await w.settle(us)
  await w.liveUntil(us, '2026-01-25T02:00:00Z')
  await w.ok(us, 'POST', '/v1/promises', { accountId, amount: 100_00, promisedOn: '2026-02-10' })
  await w.ok(us, 'POST', `/v1/queues/${queue.id}/leases`, { count: 1, ttlSeconds: 600 })
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 100_00, currency: 'CNY', receivedOn: '2026-01-24', receivedBy: 'agency', method: 'card' })
  await w.ok(us, 'POST', `/v1/accounts/${accountId}/costs`, { amount: 10_00, on: '2026-01-24', reason: 'courtFee' })
  await w.ok(us, 'POST', '/v1/receipts', { amount: 10_00, currency: 'CNY', receivedOn: '2026-01-24', method: 'bankTransfer', reference: 'BK-1' })
  await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-24' })
  await w.call(us, 'POST', '/v1/bank-statements?account=main', 'bookedOn,amount,currency\n2026-01-24,100.00,CNY', { 'content-type': 'text/csv' })
  await w.ok(us, 'POST', '/v1/gateways', { channel: 'sms' })
  await writtenLetters(w, us, [(await w.account(us, lender, aPostalDebt())).accountId])
  await w.ok(us, 'POST', '/v1/letter-batches', {})
  await w.ok(us, 'POST', '/v1/disputes', { accountId, reason: 'wrongAmount' })
  await w.ok(us, 'POST', '/v1/complaints', { accountId, receivedOn: '2026-01-24', channel: 'phone', category: 'conduct', severity: 'high', text: 'x' })
  const { data: people } = await w.ok<{ data: { partyId: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/parties`)
  await w.ok(us, 'POST', '/v1/hardship-assessments', { accountId, partyId: people[0]!.partyId, consent: { source: 'call', at: '2026-01-24T02:00:00Z' }, currency: 'CNY', income: [], expenses: [], circumstances: [] })
  await w.ok(us, 'POST', '/v1/house-rules', { code: 'OURS', title: 'Ours', lenderId: lender.id, jurisdiction: 'US', effectiveFrom: '2026-01-25', rules: [] })
  await w.ok(us, 'POST', '/v1/policy-exemptions', { packId: 'CN.GBT45251', ruleId: 'CN.GBT.TIME', reason: 'other', explanation: 'x', expiresOn: '2026-02-25', lenderId: lender.id })
  await w.ok(us, 'POST', '/v1/templates', { code: 'reminder', channel: 'letter', language: 'en', lenderId: lender.id, text: '{{ agency.name }}' })
  await w.settle(us)
  receiver.closeAllConnections()
  receiver.close()
  return us
}

t.test('the document', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await livedIn(w)
  const them = await w.agency()
  const theirLender = await w.lender(us)
  const admin = new pg.Client({ connectionString: w.url })
  await admin.connect()
  t.teardown(async () => { await admin.end() })

  // The boundary of a JSON document.
  const { paths } = JSON.parse(JSON.stringify(documentOf(w.app))) as Document
  const everything = Object.entries(paths).flatMap(([path, methods]) => Object.entries(methods).map(([method, operation]) => ({ path, method: method.toUpperCase() as 'GET', operation })))
  const isOpen = ({ operation }: typeof everything[number]): boolean => operation.security?.length === 0
  const operations = everything.filter(operation => !isOpen(operation))

  const ours = new Map<string, string>()
  const missing: string[] = []
  for (const param of new Set(operations.flatMap(({ path }) => [...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]!)))) {
    if (common.has(param) || param === 'deadLetterId') continue
    const kind = param.slice(0, -2) as IdKind
    const table = tableOf[kind]
    const rows = table === undefined ? [] : (await admin.query<{ id: string }>(`select ${kind === 'tenant' ? 'tenant_id' : 'id'} as id from ${table} where tenant_id = $1 limit 1`, [us.id.slice(4)])).rows
    if (rows[0] === undefined || !(kind in idPrefixes)) missing.push(param)
    else ours.set(param, idOf(kind, rows[0].id))
  }
  t.same(missing, [], 'the life above leaves a row of every kind that a path can name')

  const bodyOf = ({ operation }: { operation: Operation }): unknown => {
    const json = operation.requestBody?.content['application/json']
    return json?.example ?? Object.values(json?.examples ?? {})[0]?.value
  }
  const scopeOf = ({ operation }: { operation: Operation }): string => /Scope: `([^`]+)`/.exec(operation.description)?.[1] ?? 'none'
  const filled = (path: string): string => path.replace(/\{(\w+)\}/g, (_, param: string) => ours.get(param) ?? strangeId('event'))
  const asked = ({ parameters = [] }: Operation): string => {
    const required = parameters.filter(parameter => parameter.in === 'query' && parameter.required === true).map(({ name, example, schema }) => `${name}=${String(example ?? schema.enum?.[0])}`)
    return required.length === 0 ? '' : `?${required.join('&')}`
  }
  const callAs = async (as: As, { path, method, operation }: typeof operations[number]) => await w.call(as, method, filled(path) + asked(operation), bodyOf({ operation }))

  t.test('a stranger learns nothing: 401, whatever the path', async t => {
    for (const operation of operations) t.equal((await callAs('nobody', operation)).statusCode, 401, operation.operation.operationId)
  })

  t.test('what takes no key believes nobody without a signature, nor a link that is not signed, whoever calls', async t => {
    const refusals: Record<string, number> = { receiveGatewayCallback: 401, getOptOut: 404, recordOptOut: 404 }
    const open = everything.filter(isOpen)
    t.same(open.map(({ operation }) => operation.operationId).sort(), Object.keys(refusals).sort())
    for (const { path, method, operation } of open) {
      const form = 'application/x-www-form-urlencoded' in (operation.requestBody?.content ?? {}) ? { 'content-type': 'application/x-www-form-urlencoded' } : undefined
      const body = form === undefined ? bodyOf({ operation }) : 'List-Unsubscribe=One-Click'
      for (const as of ['nobody', us, them] as const) t.equal((await w.call(as, method, filled(path), body, form)).statusCode, refusals[operation.operationId], operation.operationId)
    }
  })

  t.test('another agency\'s things do not exist: 404, as if they had never been', async t => {
    for (const operation of operations.filter(({ path, operation }) => path.includes('{') && scopeOf({ operation }) !== 'operator' && ![...common].some(param => path.includes(param)))) {
      const reply = await callAs(them, operation)
      t.equal(reply.statusCode, 404, `${operation.operation.operationId}: ${reply.body.slice(0, 200)}`)
    }
  })

  t.test('another lender\'s things do not exist, and the agency\'s own are not for lenders', async t => {
    const agencyOnly = new Set<string>()
    for (const operation of operations.filter(({ path, operation }) => path.includes('{') && scopeOf({ operation }) !== 'operator' && ![...common].some(param => path.includes(param)))) {
      if (operation.path.includes('{testClockId}')) continue
      const reply = await callAs(theirLender, operation)
      if (reply.statusCode === 403) agencyOnly.add(operation.operation.operationId)
      else t.equal(reply.statusCode, 404, `${operation.operation.operationId}: ${reply.body.slice(0, 200)}`)
    }
    t.ok(agencyOnly.has('rotateApiKey'), 'keys are the agency\'s')
  })

  t.test('lists and creations of others never show or touch what is ours', async t => {
    const ids = [...ours.values()].filter(id => id !== us.testClockId)
    for (const operation of operations.filter(({ path }) => !path.includes('{'))) {
      for (const as of [them, theirLender]) {
        const reply = await callAs(as, operation)
        t.ok(reply.statusCode < 500, `${operation.operation.operationId} answers ${reply.statusCode}`)
        const shown = ids.filter(id => reply.body.includes(id) && !(as === theirLender && id === us.id))
        t.same(shown, [], `${operation.operation.operationId} shows nothing of ours`)
      }
    }
  })

  t.test('the operator runs the installation and reads no agency\'s business', async t => {
    for (const operation of operations) {
      if (scopeOf(operation) === 'operator') continue
      t.equal((await callAs('operator', operation)).statusCode, 403, operation.operation.operationId)
    }
  })

  t.test('nobody but the operator runs the installation', async t => {
    for (const operation of operations.filter(operation => scopeOf(operation) === 'operator')) {
      t.equal((await callAs(us, operation)).statusCode, 403, operation.operation.operationId)
    }
  })
})
