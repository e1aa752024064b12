import type { Response } from 'light-my-request'
import { sql } from 'drizzle-orm'
import t from 'tap'
import type * as Tap from 'tap'
import { checkBalances, fingerprintOf, keysOf } from '../../src/modules/bank/core.ts'
import type { BankRow } from '../../src/modules/bank/core.ts'
import { readRows } from '../../src/modules/bank/rows.core.ts'
import type { RawRow } from '../../src/modules/bank/rows.core.ts'
import { strangeId, world } from '../world.ts'
import type { Agency, As, Lender, World } from '../world.ts'
import { camt, csvOf } from './bank.fixture.ts'

interface Statement { id: string, fromOn: string, toOn: string, openingBalance: number | null, closingBalance: number | null, lineCount: number, newCount: number, reference: string | null }
interface Imported { statements: Statement[], matchedCount: number }
interface Line {
  id: string, row: number, bookedOn: string, valueOn: string | null, amount: number, reference: string | null, bankReference: string | null, returnReason: string | null, matchedAt: string | null,
  matches: { journalEntryId: string, amount: number, rule: string }[], suggestion: { action: string, paymentId: string } | null
}
interface Leg { balance: number, onlyInLedger: { count: number, amount: number }, onlyAtBank: { count: number, amount: number }, difference: number, accounts: { account: string, balance: number, statedOn: string | null }[] }
interface Entry { journalEntryId: string, kind: string, amount: number, effectiveOn: string }
interface Refused { code: string, errors?: { pointer: string, message: string }[] }

const send = async (w: World, as: As, body: string, query = 'account=main', type = body.startsWith('<') ? 'application/xml' : 'text/csv', more: Record<string, string> = {}): Promise<Response> =>
  await w.call(as, 'POST', `/v1/bank-statements?${query}`, body, { 'content-type': type, ...more })
const imported = async (w: World, as: As, body: string, query = 'account=main'): Promise<Imported> => {
  const reply = await send(w, as, body, query)
  if (reply.statusCode !== 201) throw new Error(reply.body)
  return reply.json<Imported>()
}
const linesOf = async (w: World, as: As, query = ''): Promise<Line[]> => (await w.ok<{ data: Line[] }>(as, 'GET', `/v1/bank-lines?limit=200${query}`)).data
const entriesOf = async (w: World, as: As, query = ''): Promise<Entry[]> => (await w.ok<{ data: Entry[] }>(as, 'GET', `/v1/trust/unmatched-entries?limit=200${query}`)).data

/** The third leg; what it says must explain the ledger. */
async function legOf (t: Tap.Test, w: World, us: Agency, on: string, currency = 'CNY'): Promise<Leg> {
  const { data } = await w.ok<{ data: { currency: string, bank: number, statement: Leg | null }[] }>(us, 'GET', `/v1/trust/reconciliation?on=${on}`)
  const row = data.find(one => one.currency === currency)!
  const { balance, onlyInLedger, onlyAtBank, difference } = row.statement!
  t.equal(balance + onlyInLedger.amount - onlyAtBank.amount + difference, row.bank, `${on}: the bank and what is between explain the ledger`)
  return row.statement!
}

const row = (given: Partial<BankRow> = {}): BankRow => ({ row: 1, bookedOn: '2026-01-05', valueOn: null, amount: 100, reference: null, bankReference: null, text: null, returnReason: null, ...given })
const raw = (given: Partial<RawRow> = {}): RawRow => ({ bookedOn: '2026-01-05', valueOn: '', amount: '1.00', currency: 'CNY', isDebit: false, reference: '', bankReference: '', text: '', returnReason: '', ...given })

t.test('a line is itself in whatever file it comes: by the bank\'s reference, else by all it says, and by how many came before it', async t => {
  const key = (...rows: Partial<BankRow>[]): string => keysOf(rows.map(row)).at(-1)!.toString('hex')
  t.equal(key({}), key({ row: 7 }), 'not by its place')
  t.not(key({}), key({}, {}), 'two equal payments of a day are two')
  t.equal(key({}, {}), key({}, { amount: 5 }, {}))
  for (const change of [{ bookedOn: '2026-01-06' }, { amount: 101 }, { reference: 'A' }, { text: 'A' }]) t.not(key(change), key({}), JSON.stringify(change))
  t.equal(key({ bankReference: 'B', amount: 5 }), key({ bankReference: 'B', text: 'x' }), 'the bank\'s own reference names it alone')
  t.not(key({ bankReference: 'B' }), key({ bankReference: 'B' }, { bankReference: 'B' }), 'a batch may carry one reference for all')
})

t.test('amounts are decimals of the currency, and whatever cannot be read is named by its row', async t => {
  const refused = (...rows: Partial<RawRow>[]): string[] => {
    try {
      readRows(rows.map(raw), 'CNY')
      return []
    } catch (error) {
      return (error as { refusal: { violations: { pointer: string }[] } }).refusal.violations.map(({ pointer }) => pointer)
    }
  }
  const wrong: [Partial<RawRow>, string][] = [
    [{ amount: '1.001' }, 'amount'], [{ amount: '1e3' }, 'amount'], [{ amount: '' }, 'amount'], [{ amount: '99999999999999999999' }, 'amount'], [{ amount: '10000000000.01' }, 'amount'], [{ amount: '1,000.00' }, 'amount'],
    [{ bookedOn: '2026-02-30' }, 'bookedOn'], [{ bookedOn: '5.1.2026' }, 'bookedOn'], [{ valueOn: 'x' }, 'valueOn'], [{ currency: 'XXX' }, 'currency'], [{ currency: 'USD' }, 'currency'], [{ reference: 'a\u0000' }, 'reference'],
    [{ reference: 'x'.repeat(141) }, 'reference'], [{ text: 'x'.repeat(1_001) }, 'text'],
  ]
  for (const [given, field] of wrong) t.same(refused({}, given), [`/rows/2/${field}`], JSON.stringify(given).slice(0, 60))
  t.same(refused({ amount: 'x' }, {}, { currency: 'ABC', bookedOn: '' }), ['/rows/1/amount', '/rows/3/bookedOn', '/rows/3/currency'])
  t.equal(refused(...Array.from({ length: 500 }, () => ({ amount: 'x' }))).length, 100, 'a hundred are enough to see what is wrong')
  t.match(readRows([raw(), raw({ amount: '0.00' }), raw({ amount: '2', isDebit: true }), raw({ amount: '-3.5', bankReference: 'NONREF' })], 'CNY'),
    [{ row: 1, amount: 1_00 }, { row: 3, amount: -2_00 }, { row: 4, amount: -3_50, bankReference: null }], 'a line that moves nothing is none')
  t.match(readRows([raw({ amount: '5', currency: 'JPY' })], 'JPY'), [{ amount: 5 }])
})

t.test('lines are what the balances differ by, even where they are more than money can hold', async t => {
  const statement = (openingBalance: number | null, closingBalance: number | null, ...amounts: number[]) =>
    ({ reference: null, currency: 'CNY', fromOn: '2026-01-05', toOn: '2026-01-05', openingBalance, closingBalance, rows: amounts.map(amount => row({ amount })) })
  t.doesNotThrow(() => { checkBalances([statement(100, 50, 25, -75), statement(null, 50, 1), statement(50, null, 1)]) })
  t.throws(() => { checkBalances([statement(0, 0), statement(100, 51, -50)]) }, { code: 'bank-statement-unbalanced', refusal: { violations: [{ pointer: '/statements/1/closingBalance' }] } })
  const huge = Array.from({ length: 20_000 }, () => 1_000_000_000_000)
  t.throws(() => { checkBalances([statement(0, 1, ...huge)]) }, { code: 'bank-statement-unbalanced' })
  t.not(fingerprintOf(statement(0, 1, 1)).toString('hex'), fingerprintOf(statement(0, 2, 1)).toString('hex'))
})

const pay = async (w: World, us: Agency, accountId: string, amount: number, receivedOn: string, reference?: string): Promise<{ id: string, journalEntryId: string }> =>
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: 'agency', method: 'bankTransfer', ...reference !== undefined && { reference } })
const remit = async (w: World, us: Agency, through: string): Promise<void> => {
  await w.ok(us, 'POST', '/v1/remittance-runs', { through })
  await w.settle(us)
}
const debt = async (w: World, us: Agency, lender: Lender): Promise<string> => (await w.account(us, lender, { balance: { principal: 9_000_00 }, placedOn: '2026-01-05' })).accountId

t.test('camt.053: a batch is its transactions, a return says so, pending is nothing yet, and the rest is found in the ledger', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()
  const lender = await w.lender(us)
  const accountId = await debt(w, us, lender)
  const { id: returned, journalEntryId } = await pay(w, us, accountId, 500_00, '2026-01-05', 'E2E-1')
  await pay(w, us, accountId, 60_00, '2026-01-05', 'E2E-2')

  const { statements: [statement], matchedCount } = await imported(w, us, camt())
  t.match(statement, { reference: 'STMT-2026-005', fromOn: '2026-01-05', toOn: '2026-01-05', openingBalance: 100_00, closingBalance: -145_60, lineCount: 5, newCount: 5 })
  t.equal(matchedCount, 2)
  const lines = await linesOf(w, us)
  t.match(lines, [
    { row: 1, amount: 500_00, reference: 'E2E-1', bankReference: 'BANK-0001', valueOn: '2026-01-06', matches: [{ journalEntryId, amount: 500_00, rule: 'reference' }], suggestion: null },
    { row: 2, amount: 60_00, reference: 'E2E-2', bankReference: 'BANK-0002', matches: [{ rule: 'reference' }] }, { row: 3, amount: 40_00, reference: 'E2E-3', bankReference: 'BANK-0002', matches: [], matchedAt: null },
    { row: 4, amount: -500_00, reference: 'E2E-1', returnReason: 'AC04', matches: [], suggestion: { action: 'reversePayment', paymentId: returned } },
    { row: 5, amount: -345_60, reference: null, bankReference: null, suggestion: null },
  ])
  t.equal((await w.ok<{ state: string }>(us, 'GET', `/v1/payments/${returned}`)).state, 'posted', 'a suggestion does nothing by itself')
  t.match(await w.ok(us, 'GET', `/v1/bank-lines/${lines[0]!.id}`), { text: 'Zhang Wei / Instalment & fees' })

  t.test('what the bank writes beside a line is sealed, and in no list and no event', async t => {
    const { body } = await w.call(us, 'GET', '/v1/bank-lines')
    const events = await w.call(us, 'GET', '/v1/events?types=bankStatement.*')
    t.match(events.body, /bankStatement.imported/)
    t.notMatch(body + events.body, /Zhang/)
    const [stored] = (await w.tx(us, async tx => await tx.execute(sql`select text from bank_lines where row = 1`))).rows as { text: Buffer }[]
    t.notMatch(stored!.text.toString('latin1'), /Zhang/)
  })

  t.test('the same file doubles nothing, sent again or by two at once, and one that overlaps adds what is new', async t => {
    for (const { statements: [again] } of [await imported(w, us, camt()), ...await Promise.all([imported(w, us, camt()), imported(w, us, camt())])]) t.equal(again!.id, statement!.id)
    // The same lines in another file: a comment changes nothing that is said.
    t.equal((await imported(w, us, camt().replace('<c:GrpHdr>', '<!-- again --><c:GrpHdr>'))).statements[0]!.id, statement!.id)
    const { statements: [other] } = await imported(w, us, camt({ transfer: 'E2E-1' }).replace('STMT-2026-005', 'STMT-COPY'))
    t.match(other, { lineCount: 5, newCount: 0 }, 'another statement, no new line')
    t.equal((await linesOf(w, us)).length, 5)
  })

  t.test('reversing what was returned, and recording what was missing, is found by the next file', async t => {
    await w.ok(us, 'POST', `/v1/payments/${returned}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
    await pay(w, us, accountId, 40_00, '2026-01-05', 'E2E-3')
    t.equal((await imported(w, us, csvOf([{ on: '2026-01-05', amount: '7.77', bank: 'X-1' }]))).matchedCount, 2)
    const now = await linesOf(w, us)
    t.match(now.slice(2, 4), [{ matches: [{ amount: 40_00 }] }, { matches: [{ amount: -500_00, rule: 'reference' }], suggestion: null }])
  })

  t.test('another agency has none of it', async t => {
    t.same(await linesOf(w, them), [])
    t.equal((await w.call(them, 'GET', `/v1/bank-lines/${lines[0]!.id}`)).statusCode, 404)
    t.equal((await w.call(them, 'GET', `/v1/bank-statements/${statement!.id}`)).statusCode, 404)
    t.equal((await send(w, lender, camt())).statusCode, 403)
    t.equal((await imported(w, them, camt())).statements[0]!.newCount, 5, 'and its own file is its own')
  })
  t.same(w.failures, [])
})

t.test('camt.053 of whatever version says the same: without a prefix, with amounts and words in the places of their time', async t => {
  const w = await world()
  t.teardown(w.close)
  const plain = camt().replace('xmlns:c=', 'xmlns=').replaceAll('c:', '')
  const versions: [string, string][] = [
    ['02', plain.replace(/(<TxDtls><Refs>.*?<\/Refs>)<Amt Ccy="CNY">([\d.]+)<\/Amt><CdtDbtInd>.*?<\/CdtDbtInd>/g, '$1<AmtDtls><TxAmt><Amt Ccy="CNY">$2</Amt></TxAmt></AmtDtls>')],
    ['08', plain.replaceAll('<Sts>BOOK</Sts>', '<Sts><Cd>BOOK</Cd></Sts>').replaceAll('<Sts>PDNG</Sts>', '<Sts><Cd>PDNG</Cd></Sts>').replace('<Dbtr><Nm>Zhang Wei</Nm></Dbtr>', '<Dbtr><Pty><Nm>Zhang Wei</Nm></Pty></Dbtr>')],
  ]
  for (const [version, text] of versions) {
    const us = await w.agency()
    const file = text.replace('camt.053.001.04', `camt.053.001.${version}`)
    t.notOk(file.includes('c:'), 'no prefix is left')
    t.match(await imported(w, us, file), { statements: [{ lineCount: 5, openingBalance: 100_00, closingBalance: -145_60 }] }, version)
    const lines = await linesOf(w, us)
    t.match(lines, [500_00, 60_00, 40_00, -500_00, -345_60].map(amount => ({ amount })), version)
    t.match(await w.ok(us, 'GET', `/v1/bank-lines/${lines[0]!.id}`), { text: 'Zhang Wei / Instalment & fees', reference: 'E2E-1' })
  }
  const us = await w.agency()
  t.match(await imported(w, us, plain.replace('>60.00<', '>61.00<')), { statements: [{ lineCount: 4 }] }, 'a batch whose parts do not sum to it is one line')
  t.match((await linesOf(w, us))[1], { amount: 100_00, reference: 'BATCH-7' })
  t.equal((await send(w, us, plain.replace('camt.053.001.04', 'camt.053.001.09'))).json<Refused>().code, 'bank-file-malformed', 'a version nobody has read')
})

t.test('CSV: by amount and day where there is one of each; the rest is matched by hand, to what sums to it', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const accountId = await debt(w, us, lender)
  const [lone, twinA, twinB, named, part1, part2] = [
    await pay(w, us, accountId, 10_00, '2026-01-05'), await pay(w, us, accountId, 20_00, '2026-01-05'), await pay(w, us, accountId, 20_00, '2026-01-05'), await pay(w, us, accountId, 30_00, '2026-01-05', 'PAY-1'),
    await pay(w, us, accountId, 41_00, '2026-01-05'), await pay(w, us, accountId, 42_00, '2026-01-05'),
  ]
  const file = csvOf([
    { on: '2026-01-05', amount: '10.00', text: 'one of its amount' }, { on: '2026-01-05', amount: '20.00', text: 'two entries of its amount' }, { on: '2026-01-05', amount: '30.00', reference: 'PAY-2', text: 'a reference of another payment' },
    { on: '2026-01-05', amount: '83.00', text: 'a batch' },
  ])
  t.match(await imported(w, us, file, 'account=main&openingBalance=0&closingBalance=14300'), { matchedCount: 1, statements: [{ openingBalance: 0, closingBalance: 143_00, reference: null }] })
  const [a, b, c, d] = await linesOf(w, us) as [Line, Line, Line, Line]
  t.match(a.matches, [{ journalEntryId: lone.journalEntryId, rule: 'amountAndDay' }])
  t.same([b, c, d].map(({ matches }) => matches.length), [0, 0, 0])
  t.same((await linesOf(w, us, '&matched=true')).map(({ id }) => id), [a.id])
  t.same((await linesOf(w, us, '&matched=false&account=main')).map(({ id }) => id), [b.id, c.id, d.id])
  t.same((await entriesOf(w, us)).map(({ amount }) => amount), [20_00, 20_00, 30_00, 41_00, 42_00])
  t.same(await entriesOf(w, us, '&from=2026-01-06'), [])

  const match = async (line: Line, ...journalEntryIds: string[]): Promise<Response> => await w.call(us, 'POST', `/v1/bank-lines/${line.id}/matches`, { journalEntryIds })
  const codeOf = (reply: Response): string => reply.json<Refused>().code
  t.equal(codeOf(await match(d, part1.journalEntryId)), 'match-unequal')
  t.equal(codeOf(await match(d, part1.journalEntryId, lone.journalEntryId)), 'entry-already-matched')
  t.equal(codeOf(await match(a, part1.journalEntryId)), 'line-already-matched')
  t.same((await match(d, part1.journalEntryId, strangeId('journalEntry'))).json<Refused>().errors, [{ pointer: '/journalEntryIds/1', message: 'names no journal entry' }])
  const { data: [placed] } = await w.ok<{ data: { id: string, kind: string }[] }>(us, 'GET', `/v1/accounts/${accountId}/journal-entries`)
  t.equal(placed!.kind, 'placement')
  t.equal(codeOf(await match(d, placed!.id)), 'entry-not-at-bank', 'what was placed is no money')
  t.match((await match(d, part1.journalEntryId, part2.journalEntryId)).json(), { matchedAt: String, matches: [{ rule: 'hand' }, { rule: 'hand' }], text: 'a batch' })

  t.test('two at once for one entry: one of them is told so', async t => {
    const others = await imported(w, us, csvOf([{ on: '2026-01-04', amount: '20.00', bank: 'Q' }]))
    t.equal(others.matchedCount, 0)
    const [, , , , e] = await linesOf(w, us)
    const replies = await Promise.all([match(b, twinA.journalEntryId), match(e!, twinA.journalEntryId)])
    t.same(replies.map(({ statusCode }) => statusCode).sort(), [201, 409])
  })

  t.test('a match that is undone frees the line and its entries, and every act is told', async t => {
    t.equal((await w.call(us, 'DELETE', `/v1/bank-lines/${d.id}/matches`)).statusCode, 204)
    t.equal((await w.call(us, 'DELETE', `/v1/bank-lines/${d.id}/matches`)).statusCode, 204, 'again is nothing')
    t.match(await w.ok(us, 'GET', `/v1/bank-lines/${d.id}`), { matchedAt: null, matches: [] })
    t.equal((await match(d, part2.journalEntryId, part1.journalEntryId)).statusCode, 201)
    const { data } = await w.ok<{ data: { type: string }[] }>(us, 'GET', '/v1/events?types=bankLine.*')
    t.same(data.map(({ type }) => type), ['bankLine.matched', 'bankLine.matched', 'bankLine.unmatched', 'bankLine.matched'])
  })
  t.ok([twinB, named])
  t.same(w.failures, [])
})

t.test('three ways: the bank\'s balance and what is between explain the ledger on every day', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const accountId = await debt(w, us, lender)
  const { data: [before] } = await w.ok<{ data: { statement: unknown }[] }>(us, 'GET', '/v1/trust/reconciliation')
  t.equal(before, undefined)
  await pay(w, us, accountId, 500_00, '2026-01-05', 'A')
  t.equal((await w.ok<{ data: { statement: unknown }[] }>(us, 'GET', '/v1/trust/reconciliation')).data[0]!.statement, null, 'no bank account is known')
  await w.liveUntil(us, '2026-01-08T09:00:00Z')
  await pay(w, us, accountId, 70_00, '2026-01-06', 'B')
  await pay(w, us, accountId, 30_00, '2026-01-07', 'C')

  // The bank: 500.00 on the 5th; 70.00 a day late, on the 7th; 9.99 on the 6th that nobody knows. C has not arrived.
  await imported(w, us, csvOf([{ on: '2026-01-05', amount: '500.00', reference: 'A' }, { on: '2026-01-06', amount: '9.99' }]), 'account=main&openingBalance=0&closingBalance=50999')
  await imported(w, us, csvOf([{ on: '2026-01-07', amount: '70.00', reference: 'B' }]))
  t.match(await legOf(t, w, us, '2026-01-04'), { balance: 0, onlyInLedger: { count: 0, amount: 0 }, onlyAtBank: { count: 0, amount: 0 }, difference: 0, accounts: [{ account: 'main', balance: 0, statedOn: '2026-01-04' }] })
  t.match(await legOf(t, w, us, '2026-01-05'), { balance: 500_00, onlyInLedger: { count: 0 }, onlyAtBank: { count: 0 }, difference: 0 }, 'within a statement: its opening, and its lines by then')
  t.match(await legOf(t, w, us, '2026-01-06'), { balance: 509_99, onlyInLedger: { count: 1, amount: 70_00 }, onlyAtBank: { count: 1, amount: 9_99 }, difference: 0, accounts: [{ statedOn: '2026-01-06' }] }, 'matched, but not yet that day')
  t.match(await legOf(t, w, us, '2026-01-07'), { balance: 579_99, onlyInLedger: { count: 1, amount: 30_00 }, onlyAtBank: { count: 1, amount: 9_99 }, difference: 0 }, 'the lines since the balance')
  t.match(await entriesOf(w, us), [{ kind: 'payment', amount: 30_00, effectiveOn: '2026-01-07' }])

  t.test('what is passed on is found by the number of its statement, and the sweep by amount and day', async t => {
    await remit(w, us, '2026-01-08')
    const { data: [remittance] } = await w.ok<{ data: [{ amount: number, sentOn: string }] }>(us, 'GET', '/v1/remittances')
    // 600.00 of principal: 20 % are 120.00, and 480.00 are passed on.
    t.match(remittance, { amount: 480_00, sentOn: '2026-01-08' })
    t.match((await entriesOf(w, us)).map(({ kind, amount }) => [kind, amount]), [['payment', 30_00], ['remittance', -480_00], ['sweep', -120_00]])
    const { matchedCount } = await imported(w, us, csvOf([{ on: '2026-01-09', amount: '-480.00', reference: '1' }, { on: '2026-01-08', amount: '-120.00' }, { on: '2026-01-08', amount: '30.00', reference: 'C' }]))
    t.equal(matchedCount, 3)
    t.match(await legOf(t, w, us, '2026-01-08'), { balance: 489_99, onlyInLedger: { count: 1, amount: -480_00 }, onlyAtBank: { count: 1, amount: 9_99 }, difference: 0 })
    t.same(await entriesOf(w, us), [])
  })

  t.test('a second account of the currency counts too, and what stood there before the first file is the difference', async t => {
    await imported(w, us, csvOf([{ on: '2026-01-08', amount: '1.00' }]), 'account=second&openingBalance=5000&closingBalance=5100')
    t.match(await legOf(t, w, us, '2026-01-08'), { balance: 489_99 + 51_00, onlyAtBank: { count: 2, amount: 10_99 }, difference: -50_00, accounts: [{ account: 'main' }, { account: 'second', balance: 51_00 }] })
    await imported(w, us, csvOf([{ on: '2026-01-08', amount: '5.00', currency: 'USD' }]), 'account=dollars')
    t.match(await legOf(t, w, us, '2026-01-08', 'USD'), { balance: 5_00, onlyAtBank: { count: 1, amount: 5_00 }, difference: 0, accounts: [{ account: 'dollars', statedOn: null }] })
  })
  t.same(w.failures, [])
})

t.test('money on its way is at the bank when it clears, and leaves it when it is returned', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const lender = await w.lender(us)
  const accountId = await debt(w, us, lender)
  const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/payments', { accountId, amount: 60_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'directDebit', reference: 'DD-1', pending: true })
  t.same(await entriesOf(w, us), [], 'the bank has nothing to say yet')
  t.match(await imported(w, us, csvOf([{ on: '2026-01-05', amount: '60.00', reference: 'DD-1' }])), { matchedCount: 0 })
  t.match(await legOf(t, w, us, '2026-01-05'), { balance: 60_00, onlyAtBank: { count: 1, amount: 60_00 }, difference: 0 })
  await w.ok(us, 'POST', `/v1/payments/${id}/clear`, { clearedOn: '2026-01-05' })
  await w.ok(us, 'POST', `/v1/payments/${id}/reverse`, { reason: 'nsf', reversedOn: '2026-01-05' })
  t.same((await entriesOf(w, us)).map(({ kind, amount }) => [kind, amount]), [['clearing', 60_00], ['clearingReversal', -60_00]])
  t.match(await imported(w, us, csvOf([{ on: '2026-01-05', amount: '-60.00', reference: 'DD-1' }])), { matchedCount: 2 })
  t.match(await legOf(t, w, us, '2026-01-05'), { balance: 0, onlyInLedger: { count: 0 }, onlyAtBank: { count: 0 }, difference: 0 })
  t.same(w.failures, [])
})

t.test('a file is kept whole or not at all', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const good = { on: '2026-01-05', amount: '1.00' }
  const refusals: [string, string, string, string?][] = [
    ['wrong sums', csvOf([good]), 'bank-statement-unbalanced', 'account=main&openingBalance=0&closingBalance=99'], ['wrong sums in XML', camt({ closing: '145.61' }), 'bank-statement-unbalanced'],
    ['a bad row', csvOf([good, { on: 'x', amount: '1' }]), 'bank-rows-invalid'], ['an unknown currency', csvOf([{ ...good, currency: 'ZZZ' }]), 'bank-rows-invalid'], ['an unknown currency in XML', camt().replaceAll('CNY', 'ZZZ'), 'bank-rows-invalid'],
    ['two currencies', csvOf([good, { ...good, currency: 'USD' }]), 'bank-rows-invalid'], ['a huge number', csvOf([{ on: '2026-01-05', amount: '9'.repeat(400) }]), 'bank-rows-invalid'],
    ['a huge number in XML', camt().replaceAll('>500.00<', `>${'9'.repeat(30)}.00<`), 'bank-rows-invalid'], ['a huge balance', camt({ closing: '9'.repeat(18) }), 'bank-rows-invalid'],
    ['nothing', 'bookedOn,amount,currency', 'bank-file-empty'], ['no file', '', 'bank-file-empty'], ['an unknown column', 'bookedOn,amount,currency,colour\n2026-01-05,1,CNY,red', 'bank-file-malformed'], ['a column missing', 'bookedOn,amount\n2026-01-05,1', 'bank-file-malformed'],
    ['a quote left open', 'bookedOn,amount,currency\n"2026', 'bank-file-malformed'], ['too few cells', 'bookedOn,amount,currency\n2026-01-05,1', 'bank-file-malformed'], ['cut off', camt().slice(0, 2_000), 'bank-file-malformed'],
    ['another document', '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.054.001.04"/>', 'bank-file-malformed'], ['no namespace', '<Document/>', 'bank-file-malformed'],
    ['an entity bomb', `<!DOCTYPE a [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;">]>${camt().slice(camt().indexOf('<c:')).replace('Transfer out', '&b;')}`, 'bank-file-malformed'],
    ['a file of ours read from outside', `<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]>${camt().slice(camt().indexOf('<c:')).replace('Transfer out', '&x;')}`, 'bank-file-malformed'],
    ['an entity nobody declared', camt().replace('Transfer out', '&b;'), 'bank-file-malformed'], ['too deep', `<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.08">${'<a>'.repeat(10_000)}`, 'bank-file-malformed'],
    ['another encoding', camt().replace('UTF-8', 'ISO-8859-1'), 'bank-file-malformed'], ['two accounts', camt().replace('</c:Stmt>', `</c:Stmt>${/<c:Stmt>[^]*<\/c:Stmt>/.exec(camt())![0].replace('DE89370400440532013000', 'DE02120300000000202051')}`), 'bank-file-malformed'],
    ['balances beside XML', camt(), 'invalid-request', 'account=main&openingBalance=1'], ['a strange name', csvOf([good]), 'invalid-request', 'account=Main%20account'],
  ]
  for (const [name, body, code, query] of refusals) t.equal((await send(w, us, body, query, body.includes('<') ? 'application/xml' : 'text/csv')).json<Refused>().code, code, name)
  t.equal((await send(w, us, '{}', 'account=main', 'application/json')).json<Refused>().code, 'unsupported-media-type')
  t.equal((await send(w, us, csvOf(Array.from({ length: 20_001 }, () => good)))).json<Refused>().code, 'bank-file-too-long')
  t.same((await send(w, us, csvOf([good, { on: '2026-13-01', amount: '1.005' }]))).json<Refused>().errors!.map(({ pointer }) => pointer), ['/rows/2/bookedOn', '/rows/2/amount'])
  t.same(await linesOf(w, us), [])
  t.same((await w.ok<{ data: unknown[] }>(us, 'GET', '/v1/bank-statements')).data, [])

  t.test('an account has one currency, and a line the bank knows cannot become another', async t => {
    await imported(w, us, csvOf([{ ...good, bank: 'B-1' }]))
    t.equal((await send(w, us, csvOf([{ ...good, currency: 'USD' }]))).json<Refused>().code, 'bank-account-currency')
    t.match((await send(w, us, csvOf([good, { on: '2026-01-05', amount: '2.00', bank: 'B-1' }]))).json<Refused>(), { code: 'bank-line-changed', errors: [{ pointer: '/rows/2' }] })
    t.equal((await linesOf(w, us)).length, 1, 'and nothing beside it was kept')
    t.equal((await imported(w, us, csvOf([good, good, { ...good, bank: 'B-1' }]))).statements[0]!.newCount, 2, 'equal lines of a day are as many as there are')
    t.equal((await imported(w, us, csvOf([good, good, good]))).statements[0]!.newCount, 1)
    t.equal((await imported(w, us, csvOf([{ ...good, bank: 'B-1' }]), 'account=other')).statements[0]!.newCount, 1, 'another account is another bank')
  })

  t.test('an answer lost on the way is given again for the same key', async t => {
    const headers = { 'idempotency-key': 'import-1' }
    const first = await send(w, us, csvOf([{ on: '2026-01-06', amount: '3.00' }]), 'account=main', 'text/csv', headers)
    const again = await send(w, us, csvOf([{ on: '2026-01-06', amount: '3.00' }]), 'account=main', 'text/csv', headers)
    t.equal(again.headers['idempotency-replayed'], 'true')
    t.equal(again.body, first.body)
    t.equal((await send(w, us, csvOf([good]), 'account=main', 'text/csv', headers)).json<Refused>().code, 'idempotency-key-reused')
  })
  t.same(w.failures, [])
})
