import { formatMinor } from '../../src/kernel/index.ts'
import type { Cast } from './life.ts'
import type { Receiver } from './receiver.ts'

interface Event { id: string, type: string, sequence: number, data: { object: Record<string, unknown> } }
interface Payment { id: string, amount: number, overpaid: number, state: string, receivedBy: string, allocated: { principal: number, total: number } }
interface Account { id: string, balance: { principal: number, interest: number, penalty: number, costs: number, total: number } }
interface Total { ledgerAccount: string, currency: string, net: number }

/** A sum that two sides must agree on to the cent. */
interface Check { what: string, one: number, other: number }

const waitSecondsMax = 120

/** Every event of the lender, from the feed. */
async function feed ({ lender }: Cast): Promise<Event[]> {
  const events: Event[] = []
  for (let after = 0; ;) {
    const page: { data: Event[], nextAfter: number } = await lender.get(`/v1/events?after=${after}&limit=200`)
    if (page.data.length === 0) return events
    events.push(...page.data)
    after = page.nextAfter
  }
}

/** Waits until every event of the feed that came after the endpoint has been received. */
async function settledFeed (cast: Cast, receiver: Receiver, since: number): Promise<Event[]> {
  const until = performance.now() + waitSecondsMax * 1_000
  for (;;) {
    const events = await feed(cast)
    if (events.every(({ id, sequence }) => sequence <= since || receiver.events.has(id)) || performance.now() > until) return events
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}

const sumOf = <T>(rows: readonly T[], amount: (row: T) => number): number => rows.reduce((sum, row) => sum + amount(row), 0)

const amountOf = (event: { data: { object: Record<string, unknown> } }, name: string): number => {
  const value = event.data.object[name]
  return typeof value === 'number' ? value : typeof value === 'object' && value !== null ? Number((value as Record<string, unknown>)['total'] ?? 0) : 0
}

/** What the report shows and whether every check agrees to the cent. */
export interface Report { lines: [string, string][], checks: Check[], isReconciled: boolean }

/** Adds up the demonstration from four sides: accounts and payments, the ledger, the event feed, and what the webhooks brought. */
export async function report (cast: Cast, receiver: Receiver, currency: string, since: number): Promise<Report> {
  const events = await settledFeed(cast, receiver, since)
  const accounts = await cast.agency.all<Account>(`/v1/accounts?lenderId=${cast.lenderId}`)
  const payments = await cast.agency.all<Payment>(`/v1/payments?lenderId=${cast.lenderId}`)
  const entries = await cast.agency.all<{ commission: number, vat: number }>(`/v1/commission-entries?lenderId=${cast.lenderId}`)
  const { data: totals } = await cast.agency.get<{ data: Total[] }>(`/v1/ledger/trial-balance?lenderId=${cast.lenderId}`)
  const net = (...names: string[]): number => sumOf(totals.filter(({ ledgerAccount }) => names.includes(ledgerAccount)), row => row.net)
  const received = [...receiver.events.values()]
  const of = (list: readonly { type: string, data: { object: Record<string, unknown> } }[], type: string) => list.filter(event => event.type === type)

  const posted = payments.filter(({ state }) => state !== 'reversed')
  const recovered = sumOf(posted, payment => payment.allocated.total)
  const owed = sumOf(accounts, account => account.balance.total)
  const placed = -net('C.PLACED')
  const charged = -net('C.ACCRUED', 'C.CHARGED')
  const commission = sumOf(entries, entry => entry.commission + entry.vat)
  const delivered = events.filter(({ id }) => receiver.events.has(id)).length
  const checks: Check[] = [
    { what: 'payments = ledger', one: recovered, other: net('C.COLLECTED_AGENCY', 'C.COLLECTED_DIRECT') },
    { what: 'payments = events', one: recovered, other: sumOf(of(events, 'recovery.recorded'), event => amountOf(event, 'allocated')) },
    { what: 'events = webhooks', one: sumOf(of(events, 'recovery.recorded'), event => amountOf(event, 'allocated')), other: sumOf(of(received, 'recovery.recorded'), event => amountOf(event, 'allocated')) },
    { what: 'balances = ledger', one: owed, other: net('D.PRINCIPAL', 'D.INTEREST', 'D.PENALTY', 'D.COSTS') },
    { what: 'placed + charged - recovered - adjusted = owed', one: placed + charged - recovered - net('C.WAIVED', 'C.RECALLED', 'C.ADJUSTED', 'C.WRITTEN_OFF', 'C.DISCOUNTED'), other: owed },
    { what: 'interest and fees = events', one: charged, other: sumOf([...of(events, 'charge.interestAccrued'), ...of(events, 'charge.lateFeeAssessed')], event => amountOf(event, 'amount')) },
    { what: 'commission = ledger', one: commission, other: -net('O.COMMISSION_INCOME', 'O.VAT_OUTPUT') },
    { what: 'trust money = what is owed of it', one: net('T.BANK', 'T.CLEARING', 'T.CLIENT_DUE'), other: -net('T.CLIENT', 'T.AGENCY', 'T.REFUND', 'T.UNAPPLIED') },
    { what: 'events = webhooks received', one: events.filter(({ sequence }) => sequence > since).length, other: received.length },
    { what: 'sequence has no gap', one: events.length, other: events.at(-1)?.sequence ?? 0 },
  ]
  const money = (amount: number): string => `${formatMinor(amount, currency)} ${currency}`
  const messages = await cast.agency.all<{ state: string }>('/v1/messages')
  const states = (state: string): number => messages.filter(message => message.state === state).length
  return {
    lines: [
      ['accounts placed', String(accounts.length)],
      ['placed', money(placed)],
      ['reminders sent / not sent', `${states('sent')} / ${states('suppressed') + states('cancelled') + states('failed')}`],
      ['interest and late fees', money(charged)],
      ['recovered', money(recovered)],
      ['recovered in principal', money(sumOf(posted, payment => payment.allocated.principal))],
      ['bounced', String(payments.length - posted.length)],
      ['still owed', money(owed)],
      ['commission', money(commission)],
      ['owed to the lender', money(-net('T.CLIENT') - net('O.AR'))],
      ['webhooks sent / received', `${delivered} / ${received.length} (${receiver.repeats()} again, ${receiver.forged()} not signed by us)`],
    ],
    checks, isReconciled: checks.every(({ one, other }) => one === other) && receiver.forged() === 0,
  }
}

/** The report as people read it. */
export function printReport ({ lines, checks, isReconciled }: Report, calls: number): string {
  const rows: [string, string][] = [...lines.slice(0, 2), ['calls made by collectors', String(calls)], ...lines.slice(2)]
  const width = Math.max(...rows.map(([name]) => name.length), ...checks.map(({ what }) => what.length)) + 2
  const rule = '-'.repeat(width + 24)
  return [
    '', ...rows.map(([name, value]) => `${name.padEnd(width)}${value}`), rule,
    ...checks.map(({ what, one, other }) => `${what.padEnd(width)}${one === other ? '0' : `${one - other}  <- ${one} against ${other}`}`), rule,
    isReconciled ? 'Reconciled to the cent.' : 'NOT RECONCILED: the differences above are in minor units.', '',
  ].join('\n')
}
