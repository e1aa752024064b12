import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { sql } from 'drizzle-orm'
import { idOf, uuidOf } from '#kernel'
import type { Agency, World } from '../world.ts'
import { parts } from './auditor.ts'
import type { Owed } from './auditor.ts'

/*
 * The books as they are stored, read in one go, and what must hold of them whatever has happened. Nothing here asks the application.
 */

interface At { w: World, us: Agency }

export const rowsOf = async ({ w, us }: At, query: ReturnType<typeof sql>): Promise<Record<string, unknown>[]> =>
  await w.tx(us, async tx => (await tx.execute(query)).rows)

/** Sums by a first and a second name. */
export type Sums = Map<string, Record<string, number>>

function sumsOf (rows: readonly Record<string, unknown>[], of: (row: Record<string, unknown>) => string): Sums {
  const sums: Sums = new Map()
  for (const row of rows) {
    const net = Number(row['net'])
    if (net !== 0) sums.set(of(row), { ...sums.get(of(row)), [String(row['name'])]: net })
  }
  return sums
}

const ends = sql`cross join lateral (values (p.debit, p.amount), (p.credit, -p.amount)) ends (name, change)`

/** What stands on each ledger account for each debt, debits less credits; zero is left out. */
export const ledgersOfDebts = async (at: At): Promise<Sums> => sumsOf(await rowsOf(at, sql`select e.account_id, name, sum(change) as net
  from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id ${ends}
  where e.tenant_id = ${uuidOf(at.us.id)}::uuid and e.account_id is not null group by e.account_id, name`), row => idOf('account', String(row['account_id'])))

/** Whose money is that belongs to no lender yet. */
export const nobody = idOf('lender', 'null')

/** What stands on each ledger account for each lender, and for nobody. */
export const ledgersOfLenders = async (at: At): Promise<Sums> => sumsOf(await rowsOf(at, sql`select p.lender_id, name, sum(change) as net
  from postings p ${ends} where p.tenant_id = ${uuidOf(at.us.id)}::uuid group by p.lender_id, name`), row => idOf('lender', String(row['lender_id'])))

/** By how much each part of each debt changed on each day it took effect, of what was written down by an instant. */
export async function movesByDay (at: At, knownAt: string | null = null): Promise<Map<string, Map<string, Owed>>> {
  const moves = new Map<string, Map<string, Owed>>()
  const rows = await rowsOf(at, sql`select e.account_id, p.effective_on, lower(substr(name, 3)) as part, sum(change) as net
    from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id ${ends}
    where e.tenant_id = ${uuidOf(at.us.id)}::uuid and e.account_id is not null and name like 'D.%' and (${knownAt}::timestamptz is null or e.recorded_at <= ${knownAt}::timestamptz)
    group by e.account_id, p.effective_on, name order by p.effective_on`)
  for (const row of rows) {
    const id = idOf('account', String(row['account_id']))
    const days = moves.get(id) ?? new Map<string, Owed>()
    const day = days.get(String(row['effective_on'])) ?? { principal: 0, interest: 0, penalty: 0, costs: 0 }
    for (const part of parts) if (part === row['part']) day[part] += Number(row['net'])
    days.set(String(row['effective_on']), day)
    moves.set(id, days)
  }
  return moves
}

/** What a debt owed at the end of a day, by its moves. */
export function owedOn (moves: ReadonlyMap<string, Owed> | undefined, on: string): Owed {
  const owed = { principal: 0, interest: 0, penalty: 0, costs: 0 }
  for (const [day, moved] of moves ?? []) if (day <= on) for (const part of parts) owed[part] += moved[part]
  return owed
}

/** The stored balance of each debt, and whether it is worked. */
export async function balances (at: At): Promise<Map<string, { owed: Owed, state: string }>> {
  const rows = await rowsOf(at, sql`select a.id, a.principal, a.interest, a.penalty, a.costs, (select p.state from placements p where p.tenant_id = a.tenant_id and p.account_id = a.id order by p.id desc limit 1) as state
    from accounts a where a.tenant_id = ${uuidOf(at.us.id)}::uuid`)
  return new Map(rows.map(row => [idOf('account', String(row['id'])), {
    owed: { principal: Number(row['principal']), interest: Number(row['interest']), penalty: Number(row['penalty']), costs: Number(row['costs']) }, state: String(row['state']),
  }]))
}

/** A hash of the journal up to an entry, and its last entry: what was in it must stay in it. */
export async function journalUpTo (at: At, last: string | null): Promise<{ hash: string, last: string | null }> {
  const [row] = await rowsOf(at, sql`select max(e.id::text) as last, md5(coalesce(string_agg(e::text || p::text, '|' order by e.id, p.line), '')) as hash
    from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(at.us.id)}::uuid and (${last}::text is null or e.id::text <= ${last}::text)`)
  return { hash: String(row!['hash']), last: row!['last'] === null ? null : String(row!['last']) }
}

/** Everything issued: bytes and hash, by id. */
export async function documents (at: At): Promise<Map<string, string>> {
  const rows = await rowsOf(at, sql`select id::text as id, document, encode(hash, 'hex') as hash from statements where tenant_id = ${uuidOf(at.us.id)}::uuid
    union all select id::text, document, encode(hash, 'hex') from invoices where tenant_id = ${uuidOf(at.us.id)}::uuid`)
  for (const { id, document, hash } of rows) assert.equal(createHash('sha256').update(String(document)).digest('hex'), hash, `42: the hash of document ${String(id)}`)
  return new Map(rows.map(row => [String(row['id']), String(row['hash'])]))
}

/** Sums some ledger accounts. */
export const netOf = (ledger: Record<string, number>, ...names: string[]): number => names.reduce((sum, name) => sum + (ledger[name] ?? 0), 0)

/** What must hold of a lender's ledger at any time when no work is under way: invariants 2, 36, 37 and 38. */
export function checkLedger (ledger: Record<string, number>, when: string): void {
  for (const book of ['DC', 'T', 'O']) {
    assert.equal(Object.entries(ledger).filter(([name]) => book.includes(name[0]!)).reduce((sum, [, net]) => sum + net, 0), 0, `2: book ${book} balances, ${when}`)
  }
  assert.equal(netOf(ledger, 'T.BANK', 'T.CLEARING', 'T.CLIENT_DUE') + netOf(ledger, 'T.CLIENT', 'T.AGENCY', 'T.REFUND', 'T.UNAPPLIED'), 0, `36: trust money has owners, ${when}`)
  assert(netOf(ledger, 'T.CLIENT') <= 0, `37: the lender's trust money is short of ${netOf(ledger, 'T.CLIENT')}, ${when}`)
  assert(netOf(ledger, 'T.CLIENT_DUE') >= 0, `37: trust owes to a lender what the lender owes to trust, ${when}`)
  assert.equal(netOf(ledger, 'O.DUE_FROM_TRUST') + netOf(ledger, 'T.AGENCY'), 0, `38: what trust owes the agency is what the agency is owed, ${when}`)
}

/** Entries and lines that should not exist: invariant 1. */
export async function checkEntries (at: At): Promise<void> {
  const bad = await rowsOf(at, sql`select e.id from journal_entries e left join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
    where e.tenant_id = ${uuidOf(at.us.id)}::uuid
    group by e.tenant_id, e.id having count(p.line) = 0 or min(p.amount) <= 0 or count(distinct p.currency) <> 1 or bool_or(case left(p.debit, 1) when 'D' then 'C' else left(p.debit, 1) end <> case left(p.credit, 1) when 'D' then 'C' else left(p.credit, 1) end)`)
  assert.deepEqual(bad, [], '1: no entry is empty, no line zero, none leaves its book or its currency')
  const twisted = await rowsOf(at, sql`select r.id from journal_entries r join journal_entries o on o.tenant_id = r.tenant_id and o.id = r.reversal_of
    where r.tenant_id = ${uuidOf(at.us.id)}::uuid and (r.effective_on < o.effective_on or exists (
      (select debit, credit, amount from postings where tenant_id = r.tenant_id and entry_id = r.id except all select credit, debit, amount from postings where tenant_id = o.tenant_id and entry_id = o.id)
      union all (select credit, debit, amount from postings where tenant_id = o.tenant_id and entry_id = o.id except all select debit, credit, amount from postings where tenant_id = r.tenant_id and entry_id = r.id)))`)
  assert.deepEqual(twisted, [], '7: a reversal is the mirror of what was stored, not before it')
}
