import t from 'tap'
import pg from 'pg'
import { prepareValue } from 'pg/lib/utils.js'
import { idOf, uuidOf } from '../../src/kernel/index.ts'
import type { IdKind } from '../../src/kernel/index.ts'
import { documentOf } from '../../src/platform/api/openapi.ts'
import type { Tx } from '../../src/platform/db/tx.ts'
import { world } from '../world.ts'
import type { As, Lender } from '../world.ts'

/*
 * Every list of the document, under every filter, is read along an index: what a page costs follows from its length, not from how much an agency
 * has. Held by asking for each and looking at how the database read it; a list is covered the day it is born.
 */

const limit = 10
const rowCount = 4_000
/** Rows that name another thing name one of this many: of each lender, account or queue, a table has two hundred. */
const parentCount = 20
/** The most rows of one table that a page may cost: its own, those it is joined to, and a few passed over. */
const readMax = 3 * (limit + 1)

/** Room in the stream for the events of making the agency. */
const eventsBefore = 1_000

/** The id of a thing, by the number of its row. */
const idNumbered = (table: string, n: string): string => `md5('${table} ' || ${n})::uuid`

/**
 * Filters without an index of their own: the page is read along the list's index, and passes over what does not fit. Each with a value that most rows
 * have, and how they have it: for a value that few have, more is passed over.
 */
const narrowing: Record<string, [value: string, column: string, stored: string]> = {
  'listAccounts.isOpen': ['false', 'accounts.closed_at', 'now()'],
  'listPlacements.state': ['closed', 'placements.state', "'closed'"],
  'listPlacementBatches.state': ['processed', 'placement_batches.state', "'processed'"],
  'listPlacementBatchRows.outcome': ['accepted', 'placement_rows.outcome', "'accepted'"],
  'listHolds.activeOnly': ['true', 'holds.starts_at', "'2020-01-01'"],
  'listDisputes.state': ['rejected', 'disputes.state', "'rejected'"],
  'listPromises.state': ['kept', 'promises.state', "'kept'"],
  'listComplaints.state': ['resolved', 'complaints.state', "'resolved'"],
  'listComplaints.category': ['fees', 'complaints.category', "'fees'"],
  'listLetters.state': ['posted', 'letters.state', "'posted'"],
  'listMessages.state': ['sent', 'messages.state', "'sent'"],
  'listCallTasks.state': ['done', 'call_tasks.state', "'done'"],
  'listWorkItems.state': ['done', 'work_items.state', "'done'"],
  'listDeliveries.state': ['delivered', 'deliveries.state', "'delivered'"],
  'listStatements.currency': ['CNY', 'statements.currency', "'CNY'"],
  'listBankLines.matched': ['true', 'bank_lines.matched_at', 'now()'],
  'listReceipts.isOpen': ['true', 'receipts.applied', '0'],
  'listInvoices.kind': ['creditNote', 'invoices.kind', "'creditNote'"],
  'listEvents.types': ['payment.posted', 'events.type', "'payment.posted'"],
}

/** Filters on what is written, with what the fifth row has. */
const written: Record<string, string> = {
  'listAccounts.lenderReference': 'lender_reference5', 'listPayments.reference': 'reference5', 'listReferenceRates.name': 'name5',
  'listBankStatements.account': 'account5', 'listTemplates.code': 'code5', 'listBankLines.account': 'account5', 'listUnmatchedEntries.from': '2000-01-01', 'listDueRetentions.before': '2100-01-01T00:00:00Z',
}

/** Lists that may read more, and why. */
const excused = new Map([
  ['listJobs', 'dead letters are few, and are looked at across agencies'],
  ['listPolicyPacks', 'the laws are in memory'],
  ['listHouseRules', 'people set them, one at a time; a lender reads those of everybody beside its own'],
  ['listExemptions', 'people grant them, one at a time; a lender reads those of everybody beside its own'],
])

/** Columns that are not filled by their name and type: where a thing has few rows of a kind, and where the table has rules. */
const special: Record<string, string> = {
  ...Object.fromEntries(Object.values(narrowing).map(([, column, stored]) => [column, stored])),
  'account_parties.party_id': idNumbered('parties', 'n'), 'payment_reversals.payment_id': idNumbered('payments', 'n'), 'commission_entries.payment_id': idNumbered('payments', 'n'), 'commission_entries.placement_id': 'null', 'commission_entries.kind': "'accrual'",
  'contact_attempts.message_id': idNumbered('messages', 'n'), 'contact_attempt_debts.contact_attempt_id': idNumbered('contact_attempts', 'n'), 'strategy_versions.number': 'n + 1', 'enrolments.placement_id': idNumbered('placements', 'n'), 'call_tasks.enrolment_id': idNumbered('enrolments', 'n'), 'letters.message_id': idNumbered('messages', 'n'), 'placements.account_id': idNumbered('accounts', 'n'), 'charges.account_id': idNumbered('accounts', '(n / 8)'),
  'charge_schedules.account_id': idNumbered('accounts', 'n'), 'postings.entry_id': idNumbered('journal_entries', 'n'), 'placement_totals.batch_id': idNumbered('placement_batches', 'n'),
  'placement_rows.account_id': idNumbered('accounts', 'n'), 'work_items.account_id': idNumbered('accounts', 'n'), 'consents.value_index': "decode(md5('value_index' || n / 8), 'hex')",
  'payments.amount': 'n', 'payments.principal': 'n', 'payments.interest': '0', 'payments.penalty': '0', 'payments.costs': '0', 'payments.overpaid': '0', 'payments.refunded': '0', 'refunds.amount': 'n + 1', 'promises.amount': 'n + 1', 'trust_cures.amount': 'n + 1', 'invoices.costs': '0', 'payments.reference': "'reference' || n",
  'allocation_orders.placement_id': idNumbered('placements', 'n'), 'receipts.amount': 'n + 1', 'receipts.returned': '0',
  'limitations.account_id': idNumbered('accounts', 'n'), 'retentions.account_id': idNumbered('accounts', 'n'), 'retention_deadlines.account_id': idNumbered('accounts', 'n'), 'retentions.ends_at': 'now()', 'retentions.due_at': 'now()', 'retention_parties.party_id': idNumbered('parties', 'n'), 'template_versions.number': 'n + 1', 'template_activations.template_version_id': idNumbered('template_versions', 'n'),
  'agreements.version': 'n + 2', 'postings.amount': 'n + 1', 'postings.debit': "'T.BANK'", 'postings.credit': "'T.OWED'", 'leases.state': "case when n % 400 = 0 then 'held' else 'completed' end", 'leases.due_at': 'case when n % 400 = 0 then now() end',
  'statements.from_on': "date '2000-01-01'", 'statements.to_on': "date '2000-01-01' + n", 'statement_lines.entry_id': idNumbered('journal_entries', 'n'), 'remittances.statement_id': idNumbered('statements', 'n'), 'remittances.amount': 'n + 1',
  'invoice_settlements.invoice_id': idNumbered('invoices', 'n'), 'invoice_settlements.amount': 'n + 1', 'remittance_schedules.currency': `to_char(n / ${parentCount}, 'FM000')`,
  'bank_statements.from_on': "date '2000-01-01'", 'bank_statements.to_on': "date '2000-01-01' + n", 'bank_lines.key': "decode(md5('key' || n), 'hex')", 'bank_lines.amount': 'n + 1',
  // None of the entries above: what waits for the bank is the newest, what has been matched is old.
  'bank_matches.entry_id': idNumbered('matched_entries', 'n'), 'bank_matches.bank_line_id': idNumbered('bank_lines', 'n'),
  'recomputations.event_id': idNumbered('events', 'n'), 'recomputations.rate_name': "'rate' || n", 'events.sequence': `n + ${eventsBefore + 1}`, 'events.lender_sequence': `n + ${eventsBefore + 1}`, 'staff.email_index': "decode(md5('staff' || n), 'hex')",
}

/** Tables whose rows the agency below has as it was made. */
const asMade = new Set(['tenants', 'lenders', 'data_keys', 'event_heads', 'job_states', 'test_clocks', 'api_keys', 'idempotency_keys', 'resealings'])

/** Where ids lead whose column does not say so. */
const tableOf: Record<string, string> = { staff: 'staff', entry: 'journal_entries', endpoint: 'webhook_endpoints', batch: 'placement_batches' }
/** Of what kind an id is that a filter does not name by its kind. */
const kindOf: Record<string, IdKind> = { batchId: 'letterBatch' }

const plural = (noun: string): string => tableOf[noun] ?? (noun.endsWith('y') ? `${noun.slice(0, -1)}ies` : /(s|ch)$/.test(noun) ? `${noun}es` : `${noun}s`)

interface Column { name: string, type: string, isNullable: boolean, length: number | null }

/** What a column is filled with; null: nothing. */
function valueOf (table: string, { name, type, isNullable, length }: Column, tables: ReadonlySet<string>): string | null {
  const given = special[`${table}.${name}`]
  if (given !== undefined) return given
  if (name === 'tenant_id') return '$1'
  if (name === 'lender_id') return `($2::uuid[])[1 + n % ${parentCount}]`
  if (name === 'id') return idNumbered(table, 'n')
  const parent = name.endsWith('_id') ? plural(name.slice(0, -3)) : ''
  if (type === 'uuid' && tables.has(parent)) return idNumbered(parent, `(n % ${parentCount})`)
  if (isNullable) return null
  if (type === 'text' || type === 'bpchar') return length === null ? `'${name}' || n` : `left('CNY', ${length})`
  const simple: Record<string, string> = {
    uuid: idNumbered(name, 'n'), timestamptz: 'now()', date: 'current_date', bool: 'false', numeric: '0', json: "'{}'", jsonb: "'{}'", int2: 'n', int4: 'n', int8: 'n',
    bytea: `decode(md5('${name}' || n % ${parentCount}), 'hex')`,
  }
  return simple[type] ?? "'{}'"
}

/** Fills every table for an agency, past its rules. Ids are in no order, so that the rows of all lenders lie among each other. */
async function fill (admin: pg.Client, tenantId: string, lenderIds: readonly string[]): Promise<void> {
  const { rows } = await admin.query<Column & { table: string }>(`
    select table_name as table, column_name as name, udt_name as type, is_nullable = 'YES' as "isNullable", character_maximum_length as length
    from information_schema.columns where table_schema = 'public' order by table_name, ordinal_position`)
  const tables = new Map<string, Column[]>()
  for (const { table, ...column } of rows) tables.set(table, [...tables.get(table) ?? [], column])
  await admin.query("set session_replication_role = 'replica'")
  for (const [table, columns] of tables) {
    if (asMade.has(table)) continue
    const values = columns.map(column => ({ name: column.name, value: valueOf(table, column, new Set(tables.keys())) })).filter(({ value }) => value !== null)
    await admin.query(`insert into ${table} (${values.map(({ name }) => name).join(', ')}) select ${values.map(({ value }) => value).join(', ')}
      from generate_series(0, ${rowCount - 1}, ${table === 'payment_reversals' ? 10 : 1}) n, (select $1::uuid, $2::uuid[]) given`, [tenantId, lenderIds])
  }
  await admin.query('vacuum analyze')
}

interface Scope { role: string, tenantId: string, lenderId: string }
interface Asked { text: string, values: unknown[], scope: Scope }
interface Port { query (config: { text: string, rowMode?: string }, values: unknown[]): Promise<{ rows: unknown[] }> }

/** A transaction that tells what it asks the database. */
function watched<T extends object> (tx: T, scope: Scope, asked: Asked[]): T {
  // Where Drizzle's session keeps the connection.
  const port = (tx as unknown as { session: { client: Port } }).session.client
  const query = port.query.bind(port)
  port.query = async (config, values) => {
    asked.push({ text: config.text, values, scope })
    return await query(config, values)
  }
  return tx
}

interface Plan { 'Node Type': string, 'Relation Name'?: string, 'Index Name'?: string, 'Actual Rows': number, 'Actual Loops': number, 'Rows Removed by Filter'?: number, Plans?: Plan[] }

/** What was read, by table or index: every row that was looked at, shown or not. */
const readsOf = (plan: Plan): { node: string, rows: number }[] => {
  const source = plan['Index Name'] ?? plan['Relation Name']
  const rows = (plan['Actual Rows'] + (plan['Rows Removed by Filter'] ?? 0)) * plan['Actual Loops']
  return [...source === undefined ? [] : [{ node: `${plan['Node Type']} ${source}`, rows }], ...(plan.Plans ?? []).flatMap(readsOf)]
}

const literalOf = (value: unknown): string => {
  const wire = prepareValue(value instanceof Date ? value.toISOString() : value) as unknown
  return wire === null ? 'null' : Buffer.isBuffer(wire) ? `'\\x${wire.toString('hex')}'` : pg.escapeLiteral(String(wire))
}

/** How the database goes about what was asked: planned for these values, and planned once for all, as it may be after a few times. */
async function plansOf (admin: pg.Client, { text, values, scope: { role, tenantId, lenderId } }: Asked): Promise<Plan[]> {
  const plans: Plan[] = []
  for (const mode of ['force_custom_plan', 'force_generic_plan']) {
    await admin.query('begin')
    await admin.query("select set_config('role', $1, true), set_config('app.tenant_id', $2, true), set_config('app.lender_id', $3, true), set_config('plan_cache_mode', $4, true)", [role, tenantId, lenderId, mode])
    await admin.query(`prepare asked as ${text}`)
    const { rows } = await admin.query<{ 'QUERY PLAN': [{ Plan: Plan }] }>(`explain (analyze, format json) execute asked${values.length === 0 ? '' : `(${values.map(literalOf).join(', ')})`}`)
    await admin.query('deallocate asked')
    await admin.query('rollback')
    plans.push(rows[0]!['QUERY PLAN'][0].Plan)
  }
  return plans
}

interface Parameter { name: string, in: string, required?: boolean }
interface Operation { operationId: string, description: string, parameters?: Parameter[] }
interface Document { paths: Record<string, { get?: Operation }> }

/** What a filter is asked for; null when nobody has said. */
function filterFor (operationId: string, name: string, idFor: (param: string) => string): string | null {
  const value = name.endsWith('Id') ? idFor(name) : narrowing[`${operationId}.${name}`]?.[0] ?? written[`${operationId}.${name}`]
  return value === undefined ? null : `${name}=${value}`
}

t.test('a page of any list costs what the page is long, whoever asks and whatever it is narrowed to', async t => {
  const w = await world()
  t.teardown(w.close)
  const admin = new pg.Client({ connectionString: w.url })
  await admin.connect()
  t.teardown(async () => { await admin.end() })
  const us = await w.agency()
  const lenders: Lender[] = []
  for (let i = 0; i < parentCount; i++) lenders.push(await w.lender(us))
  await fill(admin, uuidOf(us.id), lenders.map(({ id }) => uuidOf(id)))

  let asked: Asked[] = []
  const { withTenant, installation } = w.db
  w.db.withTenant = async (principal, work, options) => await withTenant(principal, async tx => {
    const { tenantId, lenderId } = tx.ctx
    return await work(watched<Tx>(tx, { role: 'recoup_app', tenantId: uuidOf(tenantId), lenderId: lenderId === null ? '' : uuidOf(lenderId) }, asked))
  }, options)
  w.db.installation = async work => await installation(async tx => await work(watched(tx, { role: 'recoup_relay', tenantId: '', lenderId: '' }, asked)))

  // The boundary of a JSON document.
  const { paths } = JSON.parse(JSON.stringify(documentOf(w.app))) as Document
  const lists = Object.entries(paths).flatMap(([path, { get }]) => get?.parameters?.some(({ name }) => name === 'limit') === true && !excused.has(get.operationId) ? [{ path, get }] : [])
  const params = new Set(lists.flatMap(({ path, get }) => [...[...path.matchAll(/\{(\w+)\}/g)].map(match => match[1]!), ...get.parameters!.map(({ name }) => name).filter(name => name.endsWith('Id'))]))
  const ids = new Map<string, string>([['lenderId', lenders[0]!.id], ['tenantId', us.id]])
  for (const param of params) {
    if (ids.has(param)) continue
    const noun = param.slice(0, -2)
    const kind = kindOf[param] ?? noun as IdKind
    const { rows } = await admin.query<{ id: string }>(`select ${idNumbered(plural(noun.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)), '0')} as id`)
    ids.set(param, idOf(kind, rows[0]!.id))
  }
  const idFor = (param: string): string => ids.get(param)!

  for (const { path, get: { operationId, description, parameters } } of lists) {
    const all = parameters!.filter(({ name, in: place }) => place === 'query' && !['limit', 'cursor', 'after', 'waitSeconds'].includes(name))
    const filters = all.filter(({ required }) => required !== true)
    const needed = all.filter(({ required }) => required === true).map(({ name }) => `&${filterFor(operationId, name, idFor)}`).join('')
    const url = `${path.replace(/\{(\w+)\}/g, (_, param: string) => idFor(param))}?limit=${limit}${needed}${operationId === 'listEvents' ? `&after=${eventsBefore}` : ''}`
    const callers: [name: string, as: As][] = /Scope: `operator`/.test(description) ? [['the operator', 'operator']] : [['the agency', us], ['a lender', lenders[0]!]]
    for (const [caller, as] of callers) {
      for (const filter of [null, ...filters.map(({ name }) => ({ name, query: filterFor(operationId, name, idFor) }))]) {
        const name = `${operationId} by ${filter?.name ?? 'nothing'}, for ${caller}`
        if (filter?.query === null) {
          t.fail(`${name}: nobody has said what to ask for`)
          continue
        }
        asked = []
        // What is sealed here cannot be opened, nor is a made-up row fit to be shown: the answer is of no interest, how it was looked for is.
        const { statusCode } = await w.call(as, 'GET', filter === null ? url : `${url}&${filter.query}`)
        if (statusCode === 403) continue
        t.ok(asked.length > 0 && statusCode !== 400 && statusCode !== 404, `${name} was asked: ${statusCode}`)
        for (const one of asked) {
          const dear = (await plansOf(admin, one)).flatMap(readsOf).filter(({ rows }) => rows > readMax)
          if (dear.length > 0) t.fail(name, { dear, text: one.text })
        }
      }
    }
  }
})
