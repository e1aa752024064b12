import { add, addDays, dayIn, lesser, neg, startOfDay, sum, uuidOf, zero } from '#kernel'
import type { CalendarDay, Id, Minor } from '#kernel'
import { emit, newId } from '#platform'
import type { Tx } from '#platform'
import { TrustFellShort, movements, post } from '../ledger/index.ts'
import type { Entry, EntryKind, Line } from '../ledger/index.ts'
import { findAgreementsInForce, lockLender } from '../lenders/index.ts'
import type { RemittanceBasis } from '../lenders/index.ts'
import { findTenant } from '../tenants/index.ts'
import { billsOf, roundedFrom } from './billing.core.ts'
import type { Bill } from './billing.core.ts'
import { PeriodInFuture, creditOf, noEffect, settle, spread } from './core.ts'
import type { Position, Settled, Source, StatementLine } from './core.ts'
import { findLastStatement, findStatement, findStatementOf, insertLines, insertRemittance, insertStatement, nextNumber } from './db.ts'
import type { StatementRow } from './db.ts'
import { hashOf, invoiceText, statementText } from './documents.core.ts'
import { CreditNoteIssued, InvoiceIssued, RemittanceSent, StatementIssued } from './events.ts'
import { findStanding, insertInvoice, insertSettlements, listOpenInvoices } from './invoices.db.ts'
import type { OpenInvoice } from './invoices.db.ts'
import { findPosition, isTrustShort, listSources } from './sources.db.ts'

/** What a remittance is of, and the documents it makes. */
interface Run {
  agencyName: string, lenderName: string, lenderId: Id<'lender'>, currency: string, statementId: Id<'statement'>, fromOn: CalendarDay, toOn: CalendarDay, today: CalendarDay, basis: RemittanceBasis, opening: { held: Minor, billed: Minor }
}

/** A bill with its number, and the entry of its rounding difference when it has one. */
interface Issue { bill: Bill, id: Id<'invoice'>, from: 'trust' | 'account', rounded: Source | null }

/**
 * States a lender's money in one currency from where the last statement ended through a day, bills the commission of it, passes on what has cleared, and
 * takes the agency's share out of trust; all in this transaction, and once: a day that a statement already covers is answered with that one. Answers null when there
 * is nothing to state. Throws `NotFound`, `PeriodInFuture`.
 */
export async function remit (tx: Tx, lenderId: Id<'lender'>, currency: string, through: CalendarDay): Promise<StatementRow | null> {
  const { name: agencyName, timeZone } = await findTenant(tx)
  const today = dayIn(timeZone, tx.ctx.now)
  if (through > today) throw PeriodInFuture({ today })
  const lender = await lockLender(tx, lenderId)
  const last = await findLastStatement(tx, lenderId, currency)
  if (last !== null && last.toOn >= through) return await findStatementOf(tx, lenderId, currency, through)
  const [agreement] = await findAgreementsInForce(tx, lenderId, [{ currency, on: through }])
  const sources = await listSources(tx, lenderId, currency, startOfDay(addDays(through, 1), timeZone).toISOString())
  const opening = { held: last?.closingHeld ?? zero, billed: last?.closingBilled ?? zero }
  if (sources.length === 0 && opening.held <= zero) return await sweepAlone(tx, lenderId, currency, today)
  const firstOn = last === null ? lesserDay(dayIn(timeZone, new Date(lender.createdAt)), through) : addDays(last.toOn, 1)
  const run: Run = { agencyName, lenderName: lender.name, lenderId, currency, statementId: newId('statement'), fromOn: firstOn, toOn: through, today, basis: agreement?.terms.remittance ?? 'gross', opening }
  return await issue(tx, run, sources)
}

const lesserDay = (a: CalendarDay, b: CalendarDay): CalendarDay => a < b ? a : b

async function issue (tx: Tx, run: Run, sources: readonly Source[]): Promise<StatementRow | null> {
  const { lenderId, currency, statementId, opening } = run
  const bills = billsOf(sources, await findStanding(tx, [...new Set(sources.flatMap(({ correctsInvoiceId }) => correctsInvoiceId ?? []))]))
  const issues = await roundTaxes(tx, run, bills)
  const roundings = issues.flatMap(({ rounded }) => rounded ?? [])
  const heldBefore = add(opening.held, sum([...sources, ...roundings].map(({ held }) => held)))
  const { credits, open } = carried(credited([...await listOpenInvoices(tx, lenderId, currency), ...issues.filter(({ bill }) => bill.kind === 'invoice').map(opened)], issues),
    add(opening.billed, sum([...sources, ...roundings].map(({ billed }) => billed))))
  const now = await findPosition(tx, lenderId, currency)
  const settled = settle({ basis: run.basis, stated: heldBefore, billable: sum(open.map(invoice => invoice.open)), now, isTrustShort: await isTrustShort(tx, lenderId, currency) })
  if (sources.length === 0 && settled.remitted === zero && settled.offset === zero) return await sweepAlone(tx, lenderId, currency, run.today)

  const remittanceId = newId('remittance')
  const posted = await move(tx, run, remittanceId, settled)
  const lines = linesOf(sources, issues, posted)
  const statement = await insertDocument(tx, run, lines, settled)
  for (const one of issues) await insertBill(tx, run, one, lines)
  await insertLines(tx, lenderId, statementId, lines)
  const sent = posted.find(({ kind }) => kind === 'remittance')
  if (sent !== undefined) {
    await insertRemittance(tx, { id: remittanceId, lenderId, statementId, currency, amount: settled.remitted, sentOn: run.today, journalEntryId: sent.entryId })
    emit(tx, RemittanceSent, { lenderId }, { remittanceId, statementId, lenderId, amount: settled.remitted, currency, sentOn: run.today })
  }
  const settlement = (kind: 'credit' | 'offset') => ({ of, amount }: { of: OpenInvoice, amount: Minor }) => ({ invoiceId: of.id, lenderId, kind, amount, settledOn: run.today, reference: null })
  await insertSettlements(tx, [...credits.map(settlement('credit')), ...spread(settled.offset, open).map(settlement('offset'))])
  return statement
}

/** Takes the agency's share out of trust where there is nothing to state: what waited while a lender owed to trust does not wait for the next statement. */
async function sweepAlone (tx: Tx, lenderId: Id<'lender'>, currency: string, today: CalendarDay): Promise<null> {
  const now = await findPosition(tx, lenderId, currency)
  if (now.client < zero || now.clientDue > zero) return null
  const { swept } = settle({ basis: 'net', stated: zero, billable: zero, now, isTrustShort: await isTrustShort(tx, lenderId, currency) })
  // No document is behind it: it is an occasion of its own.
  if (swept > zero) await post(tx, [{ lenderId, accountId: null, kind: 'sweep', causeId: newId('statement'), effectiveOn: today, currency, lines: movements.swept(swept) }])
  return null
}

const opened = ({ id, bill, rounded }: Issue): OpenInvoice => ({ id, open: add(bill.billed, rounded?.billed ?? zero) })

/** Posts by how much the VAT of each document, computed once, differs from what was booked line by line. */
async function roundTaxes (tx: Tx, run: Run, bills: readonly Bill[]): Promise<Issue[]> {
  if (bills.length === 0) return []
  let free: Pick<Position, 'client' | 'agency'> = bills.some(({ difference }) => difference !== zero) ? await findPosition(tx, run.lenderId, run.currency) : { client: zero, agency: zero }
  const issues = bills.map((bill): Issue => {
    const from = roundedFrom(bill, free)
    if (from === 'trust') free = { client: add(free.client, neg(bill.difference)), agency: add(free.agency, bill.difference) }
    return { bill, id: newId('invoice'), from, rounded: null }
  })
  const entries = issues.flatMap(({ bill, id, from }): Entry[] => bill.difference === zero ? [] : [entryFor(run, 'documentTax', id, movements.taxRounded(bill.difference, from))])
  const ids = await post(tx, entries)
  return issues.map((one): Issue => {
    const at = entries.findIndex(({ causeId }) => causeId === one.id)
    if (at === -1) return one
    const { difference } = one.bill
    const onTrust = one.from === 'trust'
    return { ...one, rounded: ownSource(run, 'documentTax', ids[at]!, one.id, { vat: difference, held: onTrust ? neg(difference) : zero, billed: onTrust ? zero : difference }) }
  })
}

const entryFor = ({ lenderId, currency, today }: Run, kind: EntryKind, causeId: string, lines: readonly Line[]): Entry => ({ lenderId, accountId: null, kind, causeId, effectiveOn: today, currency, lines })

/** A line of the run's own making. */
const ownSource = ({ today }: Run, kind: EntryKind, entryId: Id<'journalEntry'>, causeId: string, effect: Partial<typeof noEffect>): Source => ({
  ...noEffect, ...effect, entryId, kind, sourceId: uuidOf(causeId), accountId: null, lenderReference: null, effectiveOn: today, correctsEntryId: null, correctsInvoiceId: null, vatRate: null,
})

/** Posts what the run moves: each kind of movement is one entry, caused by the statement or its remittance. Answers the lines that the lender sees of it. */
async function move (tx: Tx, run: Run, remittanceId: Id<'remittance'>, { shortfall, netted: made, offset: kept, remitted: sent, swept: out }: Settled): Promise<Source[]> {
  const { statementId, lenderId, currency } = run
  const wanted: [EntryKind, string, Line[], Partial<typeof noEffect> | null][] = [
    ['shortfall', statementId, movements.shortfallOwed(shortfall), null], ['netting', statementId, movements.curedByNetting(made), null],
    ['offset', statementId, movements.offset(kept), { held: neg(kept), billed: neg(kept) }], ['remittance', remittanceId, movements.remitted(sent), { held: neg(sent) }], ['sweep', statementId, movements.swept(out), null],
  ]
  const moving = wanted.filter(([, , lines]) => lines.length > 0)
  const ids = await post(tx, moving.map(([kind, causeId, lines]) => entryFor(run, kind, causeId, lines)))
  if (shortfall > zero) emit(tx, TrustFellShort, { lenderId }, { lenderId, currency, amount: shortfall, because: 'remittance' })
  return moving.flatMap(([kind, causeId, , effect], i) => effect === null ? [] : [ownSource(run, kind, ids[i]!, causeId, effect)])
}

/** The lines of the statement: what happened, in the order it was written down, then what the statement itself brought about. */
function linesOf (sources: readonly Source[], issues: readonly Issue[], posted: readonly Source[]): StatementLine[] {
  const billedBy = new Map(issues.flatMap(({ bill, id, rounded }) => [...bill.sources, ...rounded === null ? [] : [rounded]].map(({ entryId }) => [entryId, id] as const)))
  return [...sources, ...issues.flatMap(({ rounded }) => rounded ?? []), ...posted]
    .map(({ correctsInvoiceId: _, ...source }, i) => ({ ...source, line: i + 1, invoiceId: billedBy.get(source.entryId) ?? null }))
}

/** What keeps money for what the lender owes, or puts it back. */
const setOffKinds = new Set<string>(['offset', 'invoiceOffset', 'offsetUnwound'] satisfies EntryKind[])

async function insertDocument (tx: Tx, { agencyName, lenderName, lenderId, currency, statementId: id, fromOn, toOn, basis, opening }: Run, lines: readonly StatementLine[], { remitted: sent }: Settled): Promise<StatementRow> {
  const total = (name: keyof typeof noEffect): Minor => sum(lines.map(line => line[name]))
  const facts = {
    id, lenderId, currency, number: await nextNumber(tx, 'statement'), fromOn, toOn, basis, openingHeld: opening.held, openingBilled: opening.billed,
    collected: total('collected'), collectedDirect: total('collectedDirect'), commission: total('commission'), vat: total('vat'), setOff: neg(sum(lines.filter(({ kind }) => setOffKinds.has(kind)).map(({ held }) => held))), remitted: sent,
    closingHeld: add(opening.held, total('held')), closingBilled: add(opening.billed, total('billed')), issuedAt: tx.ctx.now.toISOString(),
  }
  const document = statementText({ ...facts, tenantId: tx.ctx.tenantId, agencyName, lenderName }, lines)
  const hash = hashOf(document)
  await insertStatement(tx, { ...facts, lineCount: lines.length, document, hash })
  emit(tx, StatementIssued, { lenderId }, {
    statementId: id, lenderId, number: facts.number, currency, fromOn, toOn, openingHeld: opening.held, closingHeld: facts.closingHeld, closingBilled: facts.closingBilled, remitted: sent, hash: hash.toString('hex'),
  })
  return (await findStatement(tx, id))!
}

async function insertBill (tx: Tx, { agencyName, lenderName, lenderId, currency, statementId, fromOn, toOn }: Run, { bill, id, rounded }: Issue, lines: readonly StatementLine[]): Promise<void> {
  const { kind, creditsId, taxes, commission, vat, costs } = bill
  const facts = {
    id, lenderId, currency, kind, number: await nextNumber(tx, kind), statementId, creditsId, fromOn, toOn, taxes, commission, vat, costs,
    withheld: add(bill.withheld, neg(rounded?.held ?? zero)), billed: add(bill.billed, rounded?.billed ?? zero), issuedAt: tx.ctx.now.toISOString(),
  }
  const document = invoiceText({ ...facts, tenantId: tx.ctx.tenantId, agencyName, lenderName }, lines.filter(({ invoiceId }) => invoiceId === id))
  const hash = hashOf(document)
  await insertInvoice(tx, { ...facts, document, hash })
  const told = { invoiceId: id, statementId, lenderId, number: facts.number, currency, commission, vat, costs, withheld: facts.withheld, billed: facts.billed, hash: hash.toString('hex') }
  if (kind === 'invoice') emit(tx, InvoiceIssued, { lenderId }, told)
  else emit(tx, CreditNoteIssued, { lenderId }, { ...told, creditsId })
}

/** What credits settle of invoices, and what is then open. */
interface Credited { credits: { of: OpenInvoice, amount: Minor }[], open: OpenInvoice[] }

/** What is to the lender's credit beyond that, from now or before, settles what is open, oldest first; `stated` is what it owes by all that is stated. */
function carried ({ credits, open }: Credited, stated: Minor): Credited {
  const more = spread(creditOf(sum(open.map(invoice => invoice.open)), stated), open)
  return { credits: [...credits, ...more], open: lessened(open, more) }
}

const lessened = (open: readonly OpenInvoice[], credits: Credited['credits']): OpenInvoice[] =>
  open.map(invoice => ({ ...invoice, open: add(invoice.open, neg(sum(credits.filter(({ of }) => of.id === invoice.id).map(({ amount }) => amount)))) }))

/** What credit notes take off the invoices they credit, and what is then open. */
function credited (open: readonly OpenInvoice[], issues: readonly Issue[]): Credited {
  const credits = issues.flatMap(({ bill, rounded }) => {
    const of = open.find(({ id }) => id === bill.creditsId)
    const amount = of === undefined ? zero : lesser(of.open, neg(add(bill.billed, rounded?.billed ?? zero)))
    return of !== undefined && amount > zero ? [{ of, amount }] : []
  })
  return { credits, open: lessened(open, credits) }
}
