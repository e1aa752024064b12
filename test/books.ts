import { sql } from 'drizzle-orm'
import type { Test } from 'tap'
import type { Agency, World } from './world.ts'

/** What stands on each ledger account of an agency, debits less credits, over all its lenders, in one currency. */
export async function books (w: World, agency: Agency, currency = 'CNY'): Promise<Record<string, number>> {
  const { data } = await w.ok<{ data: { ledgerAccount: string, currency: string, net: number }[] }>(agency, 'GET', '/v1/ledger/trial-balance')
  return Object.fromEntries(data.filter(row => row.currency === currency).map(row => [row.ledgerAccount, row.net]))
}

/**
 * What must hold after every command: each book balances; trust money equals what it is owed to (36), no client's share is negative (37), the
 * agency's claim on trust mirrors its share (38); and every account owes what its postings say.
 */
export async function checkBooks (t: Test, w: World, agency: Agency, after: string): Promise<Record<string, number>> {
  const net = await books(w, agency)
  const sum = (...names: string[]): number => names.reduce((total, name) => total + (net[name] ?? 0), 0)
  const book = (...initials: string[]): number => Object.entries(net).filter(([name]) => initials.includes(name[0]!)).reduce((total, [, amount]) => total + amount, 0)
  t.same({ claim: book('D', 'C'), trust: book('T'), ops: book('O') }, { claim: 0, trust: 0, ops: 0 }, `${after}: every book balances`)
  t.equal(sum('T.BANK', 'T.CLEARING', 'T.CLIENT_DUE'), -sum('T.CLIENT', 'T.AGENCY', 'T.REFUND', 'T.UNAPPLIED'), `${after}: trust money has owners`)
  t.ok(sum('T.CLIENT') <= 0, `${after}: the client's money is not in debit`)
  t.equal(sum('O.DUE_FROM_TRUST') + sum('T.AGENCY'), 0, `${after}: what trust owes the agency is what the agency is owed`)
  t.same(await listUnbalanced(w, agency), [], `${after}: every account owes the sum of its postings`)
  return net
}

/** Accounts whose balance is not the sum of their postings. */
const listUnbalanced = async (w: World, agency: Agency): Promise<unknown[]> => await w.tx(agency, async tx => {
  const { rows } = await tx.execute(sql`
    select a.id, a.principal, a.interest, a.penalty, a.costs, d.* from accounts a
    left join lateral (
      select coalesce(sum(moved) filter (where claim = 'D.PRINCIPAL'), 0) as d_principal, coalesce(sum(moved) filter (where claim = 'D.INTEREST'), 0) as d_interest,
        coalesce(sum(moved) filter (where claim = 'D.PENALTY'), 0) as d_penalty, coalesce(sum(moved) filter (where claim = 'D.COSTS'), 0) as d_costs
      from journal_entries e join postings p on p.tenant_id = e.tenant_id and p.entry_id = e.id
      cross join lateral (values (p.debit, p.amount), (p.credit, -p.amount)) ends (claim, moved)
      where e.tenant_id = a.tenant_id and e.account_id = a.id
    ) d on true
    where (a.principal, a.interest, a.penalty, a.costs) is distinct from (d.d_principal, d.d_interest, d.d_penalty, d.d_costs)`)
  return rows
})
