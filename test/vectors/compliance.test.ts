import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import type { Test as Tap } from 'tap'
import { Value } from 'typebox/value'
import { compareR, parseMinor, rational } from '../../src/kernel/index.ts'
import type { AllocationVerdict, ChargeVerdict, LimitationVerdict, Quantity, RetentionVerdict } from '../../src/modules/policy/index.ts'
import { Action, Facts } from '../../src/modules/policy/facts.core.ts'
import type { Verdict } from '../../src/modules/policy/verdict.core.ts'
import { world } from '../world.ts'

type Json = string | number | boolean | null | Json[] | { [key: string]: Json }
interface Row {
  id: string, jurisdiction: string, kind: string, packs: string[], context: { [key: string]: Json }, action: { [key: string]: Json }
  expected: { verdict?: 'allowed' | 'wait' | 'blocked', earliest_allowed_at?: string | null, rule_ids?: string[], strength?: string, max?: string, allocation?: Record<string, string>, last_day?: string, deadline?: string }
}

// The rows are not part of this project: they stand beside it, or where the variable says.
const path = join(process.env['RECOUP_VECTORS_DIR'] ?? fileURLToPath(new URL('../../../../shared', import.meta.url)), 'compliance/vectors.json')

const camel = (text: string): string => text.replace(/_([a-z0-9])/g, (_all, letter: string) => letter.toUpperCase())
/** The published rows speak of debtors; a few words are ours. */
const words: Record<string, string> = { debtor: 'borrower', contact_person: 'contactOnly', at_debtor_request: 'atBorrowerRequest', consumer: 'consumer' }
const spoken = new Set(['channel', 'direction', 'outcome', 'party', 'purpose', 'place', 'actor', 'stage', 'medium', 'opt_out_method', 'disclosures', 'debtor_type'])
const word = (text: string): string => words[text] ?? camel(text)

/** A row's facts and action in our words: names by rule, values where they are words of the law. */
function translate (value: Json, key = ''): Json {
  if (Array.isArray(value)) return value.map(item => translate(item, key))
  if (value === null || typeof value !== 'object') return typeof value === 'string' && spoken.has(key) ? word(value) : value
  return Object.fromEntries(Object.entries(value).map(([name, child]) => [camel(name), name === 'flags' ? flags(child) : translate(child, name)]))
}
const flags = (value: Json): Json => Object.fromEntries(Object.entries(value ?? {}).map(([name, child]) => [camel(name.replace(/^debtor_/, 'borrower_')), typeof child === 'string' ? camel(child) : child as Json]))

function factsOf (context: Row['context']): Facts {
  const { debtor_timezone: zone, candidate_timezones: candidates, debtor_type: borrowerType, customer_requested_windows: requestedWindows, ...rest } = context
  const zones = [...zone === undefined ? [] : [zone], ...Array.isArray(candidates) ? candidates : []]
  const { debt_groups: debtGroups, ...others } = rest
  return {
    ...translate(others) as object, timeZones: [...new Set(zones)] as string[],
    ...debtGroups !== undefined && { debtGroups: debtGroups as Record<string, string> },
    ...borrowerType !== undefined && { borrowerType: borrowerType as 'consumer' }, ...requestedWindows !== undefined && { requestedWindows: requestedWindows as never },
  }
}

function actionOf ({ type: _type, reply_to: replyTo, ...action }: Row['action']): Action {
  const reply = replyTo === undefined ? {} : { replyTo: { ...translate(replyTo) as object, initiatedBy: (replyTo as { initiated_by: string }).initiated_by === 'consumer' ? 'borrower' : 'collector' } }
  return { ...translate(action) as object, ...reply } as Action
}

const instant = (text: string | null): number | null => text === null ? null : Date.parse(text)

/** The day the rows on money speak of, where they name none: every pack is in force on it. */
const today = '2026-11-01'
const currencies: Record<string, string> = { CN: 'CNY', DE: 'EUR', EU: 'EUR', UK: 'GBP', US: 'USD' }

const text = (value: Json | undefined): string | undefined => value === undefined || value === null ? undefined : String(value)
const camelKeys = (value: Json | undefined): Json => Object.fromEntries(Object.entries(value ?? {}).map(([name, child]) => [camel(name), child as Json]))
/** Leaves out what is not said. */
const said = (fields: Record<string, unknown>): object => Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined))

/** Rows speak of sums in whole units of the currency of their place, of rates in percent a year. A row that is silent on what was agreed speaks of a contract with both rates. */
function chargeOf ({ context, action, jurisdiction }: Row): { facts: object, action: object } {
  const currency = currencies[jurisdiction]!
  const sum = (value: Json | undefined): number | undefined => value === undefined ? undefined : parseMinor(String(value), currency)
  const agreed = text(context['agreed'])
  const facts = said({
    borrowerType: text(context['debtor_type']), lenderType: context['lender_type'] === undefined ? undefined : camel(String(context['lender_type'])), product: context['product'] === undefined ? undefined : camel(String(context['product'])),
    flags: context['flags'] === undefined ? undefined : flags(context['flags']), rates: context['rates'] === undefined ? undefined : camelKeys(context['rates']),
    isTermRateAgreed: agreed === undefined || agreed.startsWith('term_rate'), isOverdueRateAgreed: agreed === undefined || !agreed.includes('no_overdue_rate'),
    contractOn: text(context['contract_date']), mandateOn: text(context['mandate_date']), feeCase: context['case'] === undefined ? undefined : camel(String(context['case'])),
    debtAmount: sum(context['debt_amount']), disbursedAmount: sum(context['disbursed']), originalPrincipal: sum(context['original_principal']), totalYears: text(context['total_years']), estateValue: sum(context['estate_value']),
  })
  const ground = { authorizedByAgreement: action['authorized_by_agreement'], permittedByLaw: action['permitted_by_law'], debtInMoratorium: action['debt_in_moratorium'] }
  if (action['type'] === 'instalment_plan') return { facts, action: { act: 'agreePlan', on: today, months: action['months'] } }
  if (action['rates'] !== undefined) return { facts, action: said({ act: 'chargeRate', on: today, rates: camelKeys(action['rates']), ...ground }) }
  return { facts, action: said({ act: 'chargeSum', on: today, chargeType: camel(String(action['charge_type'])), amount: sum(action['amount']), currency, ...ground }) }
}

interface DebtRow { id: string, amount: string, due: boolean, due_on?: string, security?: number }

function allocationOf ({ context, action, jurisdiction }: Row): { facts: object, action: object } {
  const currency = currencies[jurisdiction]!
  // The boundary of a file of rows.
  const debts = context['debts'] as unknown as DebtRow[] | undefined
  const facts = said({
    product: context['product'] === undefined ? undefined : camel(String(context['product'])), agreedOrder: context['agreed_order'],
    balance: context['balance'] === undefined ? undefined : Object.fromEntries(Object.entries(context['balance'] as object).map(([name, sum]) => [name, parseMinor(String(sum), currency)])),
    debts: debts?.map(({ id, amount, due, due_on: dueOn, security }) => said({ debt: id, amount: parseMinor(amount, currency), isDue: due, dueOn, security })),
  })
  return { facts, action: said({ on: today, payment: parseMinor(String(action['payment']), currency), currency, designates: action['designates'] }) }
}

/** What was settled, without what got nothing. */
const settled = (all: Iterable<readonly [string, number]>): object => Object.fromEntries([...all].filter(([, amount]) => amount > 0))

interface EventRow { type: string, on: string }

function limitationOf ({ context, action }: Row): { facts: object, action: object } {
  // The boundary of a file of rows.
  const events = context['events'] as unknown as EventRow[] | undefined
  const facts = said({
    dueOn: context['due_on'], lastInstalmentDueOn: context['last_instalment_due_on'], titledOn: context['titled_on'], events: events?.map(({ type, on }) => ({ type: camel(type.replace(/^debtor_/, 'borrower_')), on })),
    suspensions: context['suspensions'], publicHolidays: context['legal_public_holidays'],
  })
  return { facts, action: action['type'] === 'file_claim' ? { act: 'fileClaim', on: action['as_of'] } : { act: 'endValidationPeriod', on: context['notice_provided_on'] } }
}

function retentionOf ({ context, action }: Row): { facts: object, action: object } {
  const facts = said({ recordedOn: context['record_date'], lastCollectionActivityOn: context['last_collection_activity'], settledOn: context['settled_on'], flags: context['flags'] === undefined ? undefined : flags(context['flags']) })
  return { facts, action: action['type'] === 'delete' ? { act: 'delete', record: camel(String(action['record'])), on: action['on'] } : { act: camel(String(action['type'])), on: today } }
}

const verdictOf = (expected: Row['expected']): string | undefined => expected.verdict === 'blocked' ? 'denied' : expected.verdict

function isSo (maximum: Quantity | null, max: string, { jurisdiction }: Row): boolean {
  if (maximum === null) return false
  if ('ratePercent' in maximum) return compareR(rational(maximum.ratePercent), rational(max)) === 0
  return 'months' in maximum ? String(maximum.months) === max : maximum.amount === parseMinor(max, currencies[jurisdiction]!)
}

t.test('every published row gets the verdict the law gives it, asked through the API', { skip: existsSync(path) ? false : `no ${path}; set RECOUP_VECTORS_DIR` }, async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const all = JSON.parse(readFileSync(path, 'utf8')) as Row[]
  const counts: Record<string, number> = {}
  const ask = async <A>(row: Row, { facts, action }: { facts: object, action: object }): Promise<A> => {
    const reply = await w.call(us, 'POST', '/v1/policy-decisions', { kind: row.kind, packs: row.packs, facts, action })
    t.equal(reply.statusCode, 200, `${row.id}: can be asked: ${reply.statusCode === 200 ? '' : reply.body}`)
    counts[row.kind] = (counts[row.kind] ?? 0) + 1
    return reply.json<A>()
  }
  const sameRules = (t: Pick<Tap, 'same'>, row: Row, { reasons }: { reasons: { rule: string }[] }) => { t.same(reasons.map(({ rule }) => rule).sort(), [...row.expected.rule_ids ?? []].sort(), `${row.id}: the rules`) }

  t.test('contacts', async t => {
    for (const row of all.filter(({ kind }) => kind === 'contact')) {
      const facts = factsOf(row.context)
      const action = actionOf(row.action)
      t.ok(Value.Check(Facts, facts) && Value.Check(Action, action), `${row.id}: facts and contact can be expressed`)
      const verdict = await ask<Verdict>(row, { facts, action })
      t.equal(verdict.verdict, verdictOf(row.expected), row.id)
      t.equal(instant(verdict.earliestAllowedAt), instant(row.expected.earliest_allowed_at!), `${row.id}: the earliest moment`)
      sameRules(t, row, verdict)
      if (row.expected.strength !== undefined) t.equal(verdict.strength, row.expected.strength, `${row.id}: the strength`)
    }
  })

  t.test('charges', async t => {
    for (const row of all.filter(({ kind }) => kind === 'charge')) {
      const verdict = await ask<ChargeVerdict>(row, chargeOf(row))
      t.equal(verdict.verdict, verdictOf(row.expected), row.id)
      sameRules(t, row, verdict)
      const { max } = row.expected
      if (max !== undefined) t.ok(isSo(verdict.maximum, max, row), `${row.id}: at most ${max}: ${JSON.stringify(verdict.maximum)}`)
    }
  })

  t.test('allocations', async t => {
    for (const row of all.filter(({ kind }) => kind === 'allocation')) {
      const { verdict, parts, debts } = await ask<AllocationVerdict>(row, allocationOf(row))
      t.equal(verdict, 'allowed', row.id)
      t.same(settled(parts === null ? debts!.map(({ debt, amount }) => [debt, amount] as const) : Object.entries(parts)), settled(Object.entries(row.expected.allocation!).map(([name, sum]) => [name, parseMinor(sum, currencies[row.jurisdiction]!)] as const)), `${row.id}: what it settles`)
    }
  })

  t.test('limitation periods', async t => {
    for (const row of all.filter(({ kind }) => kind === 'limitation')) {
      const { verdict, lastOn } = await ask<LimitationVerdict>(row, limitationOf(row))
      const { last_day: lastDay, deadline } = row.expected
      if (row.expected.verdict !== undefined) t.equal(verdict, verdictOf(row.expected), row.id)
      const last = lastDay ?? deadline
      if (last !== undefined) t.equal(lastOn, last, `${row.id}: the last day`)
      t.ok(last !== undefined || row.expected.verdict !== undefined, `${row.id} promises something`)
    }
  })

  t.test('retention', async t => {
    const unnamed: string[] = []
    for (const row of all.filter(({ kind }) => kind === 'retention')) {
      const verdict = await ask<RetentionVerdict>(row, retentionOf(row))
      t.equal(verdict.verdict, verdictOf(row.expected), row.id)
      t.equal(verdict.earliestOn, row.expected.earliest_allowed_at ?? null, `${row.id}: the first day`)
      if (row.expected.strength !== undefined) t.equal(verdict.strength, row.expected.strength, `${row.id}: the strength`)
      t.equal(verdict.reasons.length, row.expected.verdict === 'allowed' ? 0 : 1, `${row.id}: a reason`)
      if (row.expected.verdict !== 'allowed' && row.expected.rule_ids?.length === 0) unnamed.push(row.id)
    }
    t.comment(`these rows name no rule, and ours is not held against them: ${unnamed.join(', ')}`)
  })

  t.test('no row is left out', async t => {
    const rows: Record<string, number> = {}
    for (const { kind } of all) rows[kind] = (rows[kind] ?? 0) + 1
    t.comment(`rows by kind: ${JSON.stringify(rows)}`)
    t.same(counts, rows)
    t.ok(all.length > 200, 'the file holds rows')
  })
})
