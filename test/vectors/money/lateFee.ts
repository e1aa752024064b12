import { cents } from './row.ts'
import type { Figure, Row, Runner } from './row.ts'

interface PrintedFee { type: string, prior_same_type: boolean, associated_amount: string }
interface Instalment { principal: string, interest: string }
interface Answer { total: number, fees: { type: string, fee: number, charged: number, reasons: string[] }[], cumulative: { cap: number, toCredit: number } }

const share = (percent: string): string => `${cents(percent, 4)}/1000000`
const sameOne = { type: 'late', causedBy: 'it' }

/** Late fees, through `POST /v1/calculations/late-fee`. */
export const lateFee: Runner = async ({ inputs, expected }: Row, ask) => {
  const { fees, safe_harbour: harbour, limit, limit_before: limitBefore, limit_after: limitAfter, fees_charged: charged, monthly_payment: monthly, late_fee: fixed, schedule, debt, outstanding, fixed_fee: fixedFee, amount, rate_pct: rate, basis, instalments, principal, interest, overdue_instalments: overdue, standard_payment: standard, unpaid_part_of_current_payment: unpaid, receivable, level1, level2, annual_rate_pct: yearly, overdue_days: days } = inputs as Record<string, string> & { fees?: PrintedFee[], safe_harbour?: { first: string, repeat: string }, overdue_instalments?: Instalment[], instalments?: number, overdue_days?: number, level1?: { fee_flat: string }, level2?: { fee_pct_of_dunned_amount: string } }
  const fee = async (rule: object, violations: object[], currency = 'USD') => await ask('late-fee', { currency, rule, violations }) as unknown as Answer
  const figure = (name: string, ours: unknown, printed: unknown): Figure => ({ name, ours, printed: cents(printed) })
  const ofShare = async (base: unknown, percent = rate) => (await fee({ amount: { kind: 'share', rate: share(percent!) } }, [{ ...sameOne, base: cents(base) }])).total

  if (harbour !== undefined) {
    const rule = { amount: { kind: 'flat', amount: cents(harbour.first) }, repeat: { kind: 'flat', amount: cents(harbour.repeat) }, capByAssociatedAmount: true }
    // Rows that print an outcome and no fees: the event behind them was charged before, or is none.
    if (fees === undefined) return { figures: [figure('in all', (await fee(rule, [{ ...sameOne, base: 0, wasCharged: true }])).total, expected['max_total'])] }
    const answer = await fee(rule, fees.map(({ type, prior_same_type: isRepeat, associated_amount: associated }, i) => ({
      type, base: cents(associated), associatedAmount: cents(associated), isRepeat, causedBy: inputs['separate_events'] === true ? `event ${i}` : 'what the facts tell',
    })))
    return { figures: [figure('in all', answer.total, expected['max_total']), ...answer.fees.map(({ type, fee: each }) => figure(type, each, (expected['max_fee'] as Record<string, string>)[type]))] }
  }
  if (limit !== undefined) {
    const events = inputs['events'] as { fee?: string, amount?: string, cash_advance?: string, exempt?: boolean }[]
    const opening = events.filter(event => event.fee === 'opening').reduce((sum, event) => sum + cents(event.amount), 0)
    const answer = await fee({ amount: { kind: 'share', rate: '0.05' }, cumulativeCap: { base: cents(limit), share: '0.25', charged: opening } },
      events.filter(event => event.cash_advance !== undefined).map((event, i) => ({ type: 'cashAdvance', causedBy: `advance ${i}`, base: cents(event.cash_advance) })))
    return { figures: [
      ...(expected['cash_advance_fees'] as string[]).map((printed, i) => figure('by itself', answer.fees[i]!.fee, printed)), ...(expected['allowed'] as string[]).map((printed, i) => figure('allowed', answer.fees[i]!.charged, printed)),
      figure('in all', opening + answer.total, expected['capped_total']),
    ] }
  }
  if (charged !== undefined) {
    const under = async (base: string) => (await fee({ amount: { kind: 'flat', amount: 0 }, cumulativeCap: { base: cents(base), share: '0.25', charged: cents(charged) } }, [{ ...sameOne, base: 0 }])).cumulative
    const after = await under(limitAfter!)
    return { figures: [figure('cap before', (await under(limitBefore!)).cap, expected['cap_before']), figure('cap after', after.cap, expected['cap_after']), figure('to credit', after.toCredit, expected['must_be_credited'])] }
  }
  if (monthly !== undefined) {
    const rule = { amount: { kind: 'flat', amount: cents(fixed) } }
    const february = { type: 'late', causedBy: 'February', base: cents(monthly), onlyFeesUnpaid: true }
    const old = (await fee(rule, [{ type: 'late', causedBy: 'January', base: cents(monthly) }])).total
    return { figures: [
      figure('for February', (await fee({ ...rule, antiPyramiding: true }, [february])).total, expected['permitted_new_fee_for_february']), figure('the old one', old, expected['carried_old_fee']),
      figure('what is forbidden', old + (await fee(rule, [february])).total, expected['forbidden_outcome_outstanding_before_march']),
    ] }
  }
  if (schedule !== undefined) {
    const currency = inputs['currency'] as string
    return { figures: [figure('the sum', (await fee({ statutory: currency === 'GBP' ? 'gb-late-payment' : 'be-consumer' }, [{ ...sameOne, base: cents(debt) }], currency)).total, expected['max_indemnity'] ?? expected['compensation'])] }
  }
  if (level1 !== undefined && level2 !== undefined) {
    const first = (await fee({ amount: { kind: 'flat', amount: cents(level1.fee_flat) } }, [{ ...sameOne, base: cents(receivable) }])).total
    const second = await ofShare(receivable, level2.fee_pct_of_dunned_amount)
    return { figures: [figure('after the first level', cents(receivable) + first, expected['receivable_after_level1']), figure('after the second', cents(receivable) + first + second, expected['receivable_after_level2'])] }
  }
  if (outstanding !== undefined) {
    const flat = (await fee({ amount: { kind: 'flat', amount: cents(fixedFee) } }, [{ ...sameOne, base: cents(outstanding) }])).total
    const accrued = Number((await ask('interest', { principal: cents(outstanding), currency: 'USD', days, rate: { unit: 'pct_year', value: yearly } }))['interest'])
    return { figures: [figure('fee', flat, expected['fee']), figure('interest', accrued, expected['interest']), figure('in all', cents(outstanding) + flat + accrued, expected['grand_total'])] }
  }
  if (basis !== undefined) {
    const all: Instalment[] = overdue ?? Array.from({ length: instalments! }, () => ({ principal: principal!, interest: interest! }))
    const answer = await fee({ amount: { kind: 'share', rate: share(rate!) } }, all.map((each, i) => ({ type: 'late', causedBy: `instalment ${i}`, base: cents(each.principal) + cents(each.interest) })))
    return { figures: [...answer.fees.map(each => figure('each', each.charged, expected['per_instalment'])), figure('in all', answer.total, expected['total'])] }
  }
  return { figures: [figure('fee', await ofShare(unpaid ?? standard ?? amount), expected['fee'])] }
}

/** Worked by hand, for where the published rows are not at hand. */
export const lateFeeRows: Row[] = [
  { id: 'own-share', kind: 'latefee', inputs: { amount: '80.00', rate_pct: '5' }, expected: { fee: '4.00' } },
  { id: 'own-cap', kind: 'latefee', inputs: { safe_harbour: { first: '25.00', repeat: '35.00' }, facts: ['10.00 missed'], fees: [{ type: 'late', prior_same_type: true, associated_amount: '10.00' }], separate_events: false }, expected: { max_fee: { late: '10.00' }, max_total: '10.00' } },
  { id: 'own-act', kind: 'latefee', inputs: { debt: '1000.00', currency: 'GBP', schedule: 'section 5A' }, expected: { compensation: '70.00' } },
]
