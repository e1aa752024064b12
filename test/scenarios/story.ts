import type { Id } from '../../src/kernel/index.ts'
import type { Agency, As, Lender, World } from '../world.ts'

export interface Payment { id: string, state: string, allocated: Record<string, number>, overpaid: number, reversal: { reason: string, reversedOn: string } | null }
export interface Charge { id: string, kind: string, fromOn: string, toOn: string, base: number, days: number | null, amount: number }
export interface Message { channel: string, step: number, state: string, plannedAt: string, dueAt: string | null, sentAt: string | null, reason: string | null }

/** The parts of a balance in the order of the books, and their sum: `[principal, interest, penalty, costs, total]`. */
export type Parts = [principal: number, interest: number, penalty: number, costs: number, total: number]

const partsOf = ({ principal, interest, penalty, costs, total }: Record<string, number>): Parts => [principal!, interest!, penalty!, costs!, total!]

/** What every story of an agency and one of its lenders says again and again. */
export const storyOf = (w: World, us: Agency, bank: Lender) => ({
  /** Ten in the morning of a day in Shanghai: its interest has been added, and its reminders have gone out. */
  morning: async (on: string): Promise<void> => { await w.liveUntil(us, `${on}T02:00:00Z`) },
  owed: async (accountId: string): Promise<Parts> => partsOf((await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}`)).balance),
  owedAsOf: async (accountId: string, on: string): Promise<Parts> => partsOf((await w.ok<{ balance: Record<string, number> }>(us, 'GET', `/v1/accounts/${accountId}/balance?asOf=${on}`)).balance),
  pay: async (accountId: string, amount: number, receivedOn: string, by: 'agency' | 'lender' = 'agency'): Promise<Payment> =>
    await w.ok<Payment>(by === 'agency' ? us : bank, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy: by, method: 'bankTransfer' }),
  /** The answer to an attempt to record a payment that is expected to be refused. */
  payRefused: async (as: As, accountId: string, amount: number, receivedOn: string, receivedBy: 'agency' | 'lender') =>
    (await w.call(as, 'POST', '/v1/payments', { accountId, amount, currency: 'CNY', receivedOn, receivedBy, method: 'bankTransfer' })).json<object>(),
  reverse: async (paymentId: string, reversedOn: string): Promise<Payment> => await w.ok<Payment>(us, 'POST', `/v1/payments/${paymentId}/reverse`, { reason: 'nsf', reversedOn }),
  settledParts: ({ allocated }: Payment): Parts => partsOf(allocated),
  placement: async (id: string) => await w.ok<{ state: string, closeCode: string | null, placementNumber: number }>(us, 'GET', `/v1/placements/${id}`),
  charges: async (accountId: string): Promise<Charge[]> => (await w.ok<{ data: Charge[] }>(us, 'GET', `/v1/accounts/${accountId}/charges?limit=200`)).data,
  /** Commission entries of an account: `[kind, base, commission, vat]`. */
  commission: async (accountId: string): Promise<[string, number, number, number][]> =>
    (await w.ok<{ data: { kind: string, base: number, commission: number, vat: number }[] }>(us, 'GET', `/v1/commission-entries?accountId=${accountId}`)).data
      .map(({ kind, base, commission, vat }) => [kind, base, commission, vat]),
  /** Reminders of an account by SMS: `step state`, and when it was sent or why not, by step. */
  reminders: async (accountId: string): Promise<string[]> =>
    (await w.ok<{ data: Message[] }>(us, 'GET', `/v1/messages?accountId=${accountId}`)).data.filter(({ channel }) => channel === 'sms')
      .sort((a, b) => a.step - b.step).map(({ step, state, sentAt, reason }) => `${step} ${state} ${sentAt ?? reason ?? 'in time'}`),
  /** The sums that reminders by SMS said were owed, in the order they were sent. */
  asked: (): string[] => w.sms.filter(({ tenantId }) => tenantId === us.id).map(({ text }) => /人民币([0-9.]+)元/.exec(text)?.[1] ?? text),
  /** The lender's events of an account of some kinds, oldest first. */
  told: async (accountId: Id<'account'>, types: string): Promise<{ type: string, data: { object: Record<string, unknown> } }[]> =>
    (await w.ok<{ data: { type: string, data: { object: Record<string, unknown> } }[] }>(bank, 'GET', `/v1/events?accountId=${accountId}&types=${types}&limit=200`)).data,
})
