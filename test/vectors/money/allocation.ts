import { addDays, addMonths } from '../../../src/kernel/index.ts'
import { cents } from './row.ts'
import type { Figure, Row, Runner } from './row.ts'

interface Event { on: string, do: string, date?: string, amount?: string, type?: string, due?: string, nth?: number, among?: string }
interface Loan { principal: string, annual_rate_pct: string, installments: number, start: string }
interface Printed { date: string, principal: string, interest: string, fee: string, penalty: string }
interface Settled { on: string, parts: Record<string, number>, items: { item: number, amount: number }[], overpaid: number }

const parts: Record<string, string> = { penalty: 'penalty', fee: 'costs', interest: 'interest', principal: 'principal' }
const orderOf = (text: string): string[] => text.split(',').map(name => parts[name.trim()]!)

/** The order of a row: what is due, then what is in advance. */
function waterfallOf (order: string): object {
  const [, due, inAdvance] = /due: ([a-z,]+) ; in advance: ([a-z,]+)/.exec(order)!
  return { due: orderOf(due!), inAdvance: orderOf(inAdvance!) }
}

/** Monthly instalments of equal principal with flat interest. */
const scheduleOf = ({ principal, annual_rate_pct: rate, installments, start }: Loan): object[] => Array.from({ length: installments }, (_, i) => addMonths(start, i + 1)).flatMap(dueOn => [
  { part: 'principal', dueOn, amount: cents(principal) / installments }, { part: 'interest', dueOn, amount: cents(principal) * Number(rate) / 1200 },
])

/** The events of a row as facts. Credits of every kind settle like payments; a reversal names one among those of its day that still hold. */
function factsOf (events: readonly Event[]): object[] {
  const credits: { date: string, isPayment: boolean, undone: boolean }[] = []
  return events.map(event => {
    const { on, do: what, date = on, amount, type, due } = event
    if (what === 'charge') return { kind: 'charge', on, item: { part: parts[type!], dueOn: due, amount: cents(amount) } }
    if (what === 'chargeback_to_principal') return { kind: 'charge', on, item: { part: 'principal', dueOn: on, amount: cents(amount) } }
    if (what.startsWith('reverse_')) {
      const among = credits.map((credit, number) => ({ ...credit, number })).filter(credit => !credit.undone && (what === 'reverse_charge_adjustment' ? !credit.isPayment : credit.date === date))
      const { number } = what === 'reverse_charge_adjustment' ? among.at(-1)! : among[event.nth! - 1]!
      credits[number]!.undone = true
      return { kind: 'undo', payment: number }
    }
    credits.push({ date, isPayment: what !== 'charge_adjustment', undone: false })
    return { kind: 'payment', on: date, amount: cents(amount) }
  })
}

/** Payments of a day as they are printed. */
const printedAs = ({ on, parts: settled }: Settled): Printed => ({ date: on, principal: money(settled['principal']!), interest: money(settled['interest']!), fee: money(settled['costs']!), penalty: money(settled['penalty']!) })
const money = (amount: number): string => (amount / 100).toFixed(2)
const bare = ({ date, principal, interest, fee, penalty }: Printed): Printed => ({ date, principal, interest, fee, penalty })

/** Allocation, through `POST /v1/calculations/allocation`. */
export const allocation: Runner = async ({ inputs, expected }: Row, ask) => {
  if (inputs['topic'] !== undefined) return { leftOut: 'the journal of a lender that keeps the loan in its own general ledger: our books are those of an agency, which owns no receivable' }
  const allocate = async (body: object): Promise<Settled[]> => (await ask('allocation', { currency: 'USD', ...body }))['payments'] as Settled[]
  if (inputs['balances'] !== undefined) {
    const balances = inputs['balances'] as { name: string, amount: string, annual_rate_pct: string, disputed: string }[]
    const [settled] = await allocate({
      waterfall: { due: ['principal'], precedence: 'highestRate' }, facts: [{ kind: 'payment', on: '2026-01-31', amount: cents(inputs['excess_payment']) }],
      items: balances.map(({ amount, annual_rate_pct: ratePercent, disputed }) => ({ part: 'principal', dueOn: '2026-01-01', amount: cents(amount), disputed: cents(disputed), ratePercent })),
    })
    return { figures: balances.map(({ name }, i): Figure => ({ name, ours: money(settled!.items.find(({ item }) => item === i)?.amount ?? 0), printed: (expected['allocated'] as Record<string, string>)[name] })) }
  }
  if (inputs['payments'] !== undefined) return { figures: await judgment({ inputs, expected }, ask, allocate) }
  const facts = factsOf(inputs['events'] as Event[])
  const body = { waterfall: waterfallOf(String(inputs['order'])), items: scheduleOf(inputs['loan'] as Loan) }
  const checkpoints = [...expected['checkpoints'] as { after_events: number, payments: Printed[] }[], { after_events: facts.length, payments: expected['payments'] as Printed[] }]
  return { figures: await Promise.all(checkpoints.map(async ({ after_events: count, payments }): Promise<Figure> => ({
    name: `after ${count} events`, ours: (await allocate({ ...body, facts: facts.slice(0, count) })).map(printedAs), printed: payments.map(bare),
  }))) }
}

/** Payments of a judgment: interest day by day, rounded each day, and the payment to interest first. */
async function judgment ({ inputs, expected }: Pick<Row, 'inputs' | 'expected'>, ask: Parameters<Runner>[1], allocate: (body: object) => Promise<Settled[]>): Promise<Figure[]> {
  const rate = { unit: 'pct_year', value: String(inputs['annual_rate_pct']) }
  const rounding = { when: 'perDay' }
  let principal = cents(inputs['principal'])
  const figures: Figure[] = []
  for (const [i, { after_days: days, amount }] of (inputs['payments'] as { after_days: number, amount: string }[]).entries()) {
    const printed = (expected['steps'] as Record<string, string>[])[i]!
    const accrued = await ask('interest', { principal, currency: 'USD', days, rate, rounding })
    const on = addDays('2026-01-01', days)
    const [settled] = await allocate({
      waterfall: { law: 'us-ca-judgment' }, facts: [{ kind: 'payment', on, amount: cents(amount) }],
      items: [{ part: 'principal', dueOn: '2026-01-01', amount: principal }, { part: 'interest', dueOn: on, amount: accrued['interest'] }],
    })
    principal -= settled!.parts['principal']!
    figures.push({ name: 'a day', ours: accrued['perDay'], printed: cents(printed['daily']) }, { name: 'accrued', ours: accrued['interest'], printed: cents(printed['accrued']) },
      { name: 'to interest', ours: settled!.parts['interest'], printed: cents(printed['to_interest']) }, { name: 'to principal', ours: settled!.parts['principal'], printed: cents(printed['to_principal']) },
      { name: 'left', ours: principal, printed: cents(printed['principal_after']) })
  }
  figures.push({ name: 'next day', ours: (await ask('interest', { principal, currency: 'USD', days: 1, rate, rounding }))['perDay'], printed: cents(expected['next_daily']) })
  return figures
}

/** Worked by hand, for where the published rows are not at hand. */
export const allocationRows: Row[] = [
  {
    id: 'own-due-first', kind: 'allocation',
    inputs: {
      order: 'due: penalty,fee,interest,principal ; in advance: principal,penalty,fee,interest', loan: { principal: '300', annual_rate_pct: '0', installments: 3, start: '2026-01-01' },
      events: [{ on: '2026-02-03', do: 'charge', type: 'penalty', due: '2026-02-03', amount: '5.00' }, { on: '2026-02-04', do: 'payment', amount: '150.00' }],
    },
    expected: { payments: [{ date: '2026-02-04', principal: '145.00', interest: '0.00', fee: '0.00', penalty: '5.00' }], checkpoints: [] },
  },
]
