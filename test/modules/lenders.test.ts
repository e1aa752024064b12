import t from 'tap'
import { checkTerms, commissionRateOf } from '../../src/modules/lenders/core.ts'
import type { AgreementTerms } from '../../src/modules/lenders/core.ts'
import { agreementFor, findAgreementsInForce } from '../../src/modules/lenders/index.ts'
import { Problem } from '#kernel'
import { strangeId, world } from '../world.ts'

const terms: AgreementTerms = {
  commission: { base: ['principal', 'interest'], rate: '0.25', vatRate: '0' }, interest: { rate: '12.25', unit: 'pct_year', dayCount: 'ACT/365F' }, lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 10, amount: 25_00 }],
  allocation: ['costs', 'penalty', 'interest', 'principal'], remittance: 'net', autoAccept: true, termDays: 180,
}

/** Where terms are refused, in order. */
function faultsOf (change: Partial<AgreementTerms>, currency = 'USD'): string[] {
  try {
    checkTerms(currency, { ...terms, ...change })
  } catch (error) {
    if (error instanceof Problem && error.code === 'agreement-refused') return error.refusal.violations?.map(({ pointer }) => pointer) ?? []
    throw error
  }
  return []
}

const bands = (...all: [from: number, to: number | null, rate: string][]) =>
  ({ commission: { base: ['principal' as const], vatRate: '0', bands: all.map(([fromDays, toDays, rate]) => ({ fromDays, toDays, rate })) } })

t.test('terms that contradict themselves are refused where they do, all at once', async t => {
  const { base, vatRate } = terms.commission
  const cases: [what: string, Partial<AgreementTerms>, string[], string?][] = [
    ['sound terms', {}, []],
    ['no interest and no late fee', { interest: null, lateFees: [] }, []],
    ['a currency that does not exist', {}, ['/currency'], 'XXQ'],
    ['a third', { commission: { base, rate: '1/3', vatRate } }, []],
    ['all of it', { commission: { base, rate: '1', vatRate: '1' } }, []],
    ['more than all', { commission: { base, rate: '4/3', vatRate: '1.0001' } }, ['/terms/commission/rate', '/terms/commission/vatRate']],
    ['less than nothing', { commission: { base, rate: '-0.01', vatRate } }, ['/terms/commission/rate']],
    ['neither rate nor bands', { commission: { base, vatRate } }, ['/terms/commission']],
    ['both', { commission: { ...bands([0, null, '0.1']).commission, rate: '0.1' } }, ['/terms/commission']],
    ['bands that cover every age', bands([0, 90, '0.1'], [90, 180, '0.2'], [180, null, '0.3']), []],
    ['bands that begin late', bands([1, null, '0.1']), ['/terms/commission/bands/0/fromDays']],
    ['a gap', bands([0, 90, '0.1'], [91, null, '0.2']), ['/terms/commission/bands/1/fromDays']],
    ['an overlap', bands([0, 90, '0.1'], [89, null, '0.2']), ['/terms/commission/bands/1/fromDays']],
    ['an empty band', bands([0, 90, '0.1'], [90, 90, '0.2'], [90, null, '0.3']), ['/terms/commission/bands/1/toDays']],
    ['a band after the last', bands([0, null, '0.1'], [90, null, '0.2']), ['/terms/commission/bands/1/fromDays']],
    ['bands that end', bands([0, 90, '0.1']), ['/terms/commission/bands']],
    ['a share above one in a band', bands([0, null, '1.1']), ['/terms/commission/bands/0/rate']],
    ['interest paid to the debtor', { interest: { rate: '-1', unit: 'pct_year', dayCount: 'ACT/360' } }, ['/terms/interest/rate']],
    ['interest of none', { interest: { rate: '0', unit: 'per10k_day', dayCount: 'ACT/365F' } }, []],
    ['interest at the bound of reason', { interest: { rate: '1000', unit: 'pct_year', dayCount: 'ACT/365F' } }, []],
    ['a yearly rate taken for a daily one', { interest: { rate: '12.25', unit: 'pct_day', dayCount: 'ACT/365F' } }, ['/terms/interest/rate']],
    ['a daily rate per ten thousand', { interest: { rate: '5', unit: 'per10k_day', dayCount: 'ACT/365F' } }, []],
    ['a late fee of no kind', { lateFees: [{ code: 'late', trigger: 'overdue' }] }, ['/terms/lateFees/0']],
    ['a late fee of both kinds', { lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 0, amount: 1, rate: '0.1' }] }, ['/terms/lateFees/0']],
    ['bounds that cross', { lateFees: [{ code: 'late', trigger: 'overdue', rate: '0.1', feeMin: 6, feeMax: 5 }] }, ['/terms/lateFees/0/feeMin']],
    ['two rules of one name', { lateFees: [{ code: 'late', trigger: 'overdue', amount: 1 }, { code: 'late', trigger: 'overdue', graceDays: 30, amount: 1 }] }, ['/terms/lateFees/1/code']],
    ['a fee every month without end', { lateFees: [{ code: 'late', trigger: 'overdue', amount: 1, everyDays: 30 }] }, ['/terms/lateFees/0']],
    ['a returned payment with days of grace', { lateFees: [{ code: 'returned', trigger: 'returnedPayment', amount: 1, graceDays: 3, base: 'owed' }] }, ['/terms/lateFees/0/graceDays', '/terms/lateFees/0/base']],
    ['a cap by a payment that nobody made', { lateFees: [{ code: 'late', trigger: 'overdue', amount: 1, capByPayment: true }] }, ['/terms/lateFees/0/capByPayment']],
    ['a scale with a gap at its end', { lateFees: [{ code: 'late', trigger: 'overdue', bands: [{ upTo: 100, fixed: 1 }, { upTo: 50, fixed: 2 }] }] }, ['/terms/lateFees/0/bands/1/upTo']],
    ['a sound scale, dearer the second time', { lateFees: [{ code: 'late', trigger: 'overdue', bands: [{ upTo: 100, fixed: 1 }, { upTo: null, rate: '0.1' }], repeat: { amount: 5, withinMonths: 6 } }] }, []],
    ['a repeat that comes to nothing', { lateFees: [{ code: 'late', trigger: 'overdue', amount: 1, repeat: { withinMonths: 6 } }] }, ['/terms/lateFees/0/repeat']],
    ['days that cross', { lateFees: [{ code: 'late', trigger: 'overdue', amount: 1, from: '2026-02-01', to: '2026-01-01' }] }, ['/terms/lateFees/0/to']],
    ['five points over an index', { interest: { index: 'basiszinssatz', marginPoints: '5', unit: 'pct_year', dayCount: 'ACT/365F', reset: 'floatingSemiannual' } }, []],
    ['neither rate nor index', { interest: { unit: 'pct_year', dayCount: 'ACT/365F' } }, ['/terms/interest']],
    ['a margin over nothing', { interest: { rate: '5', marginPoints: '5', reset: 'floatingDaily', unit: 'pct_year', dayCount: 'ACT/365F' } }, ['/terms/interest/marginPoints', '/terms/interest/reset']],
    ['an index by the day', { interest: { index: 'lpr1y', unit: 'per10k_day', dayCount: 'ACT/365F' } }, ['/terms/interest/unit']],
    ['a floor above the cap', { interest: { index: 'lpr1y', cap: '5', floor: '6', unit: 'pct_year', dayCount: 'ACT/365F' } }, ['/terms/interest/floor']],
    ['days rounded that are not alike', { interest: { rate: '5', unit: 'pct_year', dayCount: '30/360', rounding: { when: 'perDay' } } }, ['/terms/interest/rounding/when']],
    ['coupon periods', { interest: { rate: '5', unit: 'pct_year', dayCount: 'ACT/ACT ICMA' } }, ['/terms/interest/dayCount']],
    ['a bounded share', { lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 0, rate: '0.05', feeMax: 50_00 }] }, []],
    ['a late fee of more than is owed', { lateFees: [{ code: 'late', trigger: 'overdue', graceDays: 0, rate: '2' }] }, ['/terms/lateFees/0/rate']],
    ['several at once', { commission: { base, vatRate: '2' }, interest: { rate: '-1', unit: 'pct_day', dayCount: 'ACT/360' } }, ['/currency', '/terms/commission/vatRate', '/terms/commission', '/terms/interest/rate'], 'NOPE'],
  ]
  for (const [what, change, faults, currency] of cases) t.same(faultsOf(change, currency), faults, what)
})

t.test('the rate follows the age at placement: a band holds from its first day up to, not including, its last', async t => {
  const { commission } = bands([0, 90, '0.1'], [90, 180, '0.2'], [180, null, '1/3'])
  const rates: [days: number, rate: string][] = [[-30, '0.1'], [0, '0.1'], [89, '0.1'], [90, '0.2'], [179, '0.2'], [180, '1/3'], [36_500, '1/3']]
  for (const [days, rate] of rates) t.equal(commissionRateOf(commission, days), rate, `${days} days`)
  t.equal(commissionRateOf(terms.commission, 4_000), '0.25', 'one rate holds at every age')
})

interface Agreement { id: `agr_${string}`, version: number, effectiveOn: string, terms: AgreementTerms }

t.test('over HTTP', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const them = await w.agency()

  t.test('versions follow one another by currency, are never edited, and two at once are two', async t => {
    const bank = await w.lender(us, { currency: 'USD' })
    const path = `/v1/lenders/${bank.id}/agreements`
    const second = await w.ok<Agreement>(us, 'POST', path, { currency: 'USD', terms })
    t.match(second, { version: 2, effectiveOn: '2026-01-05', terms }, 'in force from the agency\'s own day')
    t.match(await w.ok(us, 'POST', path, { currency: 'EUR', effectiveOn: '2026-03-01', terms }), { version: 1, effectiveOn: '2026-03-01' })
    const race = await Promise.all([1, 2, 3].map(async () => await w.ok<Agreement>(us, 'POST', path, { currency: 'USD', terms })))
    t.same(race.map(({ version }) => version).sort(), [3, 4, 5])
    t.match(await w.ok(us, 'GET', `/v1/agreements/${second.id}`), second)
    const first = await w.ok<{ data: Agreement[], nextCursor: string }>(us, 'GET', `${path}?limit=4`)
    const rest = await w.ok<{ data: Agreement[], nextCursor: null }>(us, 'GET', `${path}?limit=4&cursor=${first.nextCursor}`)
    t.equal(new Set([...first.data, ...rest.data].map(({ id }) => id)).size, 6, 'in pages')
    t.equal(rest.nextCursor, null)
  })

  t.test('refused terms say where, and leave no trace', async t => {
    const bank = await w.lender(us)
    const path = `/v1/lenders/${bank.id}/agreements`
    const refused = await w.call(us, 'POST', path, { currency: 'CNY', terms: { ...terms, ...bands([0, 90, '0.1'], [100, null, '2']) } })
    t.match(refused.json(), { status: 422, code: 'agreement-refused', errors: [{ pointer: '/terms/commission/bands/1/rate' }, { pointer: '/terms/commission/bands/1/fromDays' }] })
    t.match((await w.call(us, 'POST', path, { currency: 'CNY', terms: { ...terms, allocation: ['costs', 'costs', 'interest', 'principal'] } })).json(), { status: 400, errors: [{ pointer: '/terms/allocation' }] })
    t.match((await w.call(us, 'POST', path, { currency: 'CNY', terms: { ...terms, comission: {} } })).json(), { status: 400, errors: [{ pointer: '/terms/comission' }] })
    t.match((await w.call(us, 'POST', path, { currency: 'CNY', effectiveOn: '2026-02-30', terms })).json(), { status: 400, errors: [{ pointer: '/effectiveOn' }] })
    t.equal((await w.ok<{ data: unknown[] }>(us, 'GET', path)).data.length, 1)
  })

  t.test('the agreement in force on a day is the one that took effect last, whenever it was made', async t => {
    const bank = await w.lender(us, { currency: 'GBP' })
    const make = async (effectiveOn: string) => await w.ok<Agreement>(us, 'POST', `/v1/lenders/${bank.id}/agreements`, { currency: 'GBP', effectiveOn, terms })
    const june = await make('2026-06-01')
    const march = await make('2026-03-01')
    const corrected = await make('2026-03-01')
    const expected: [on: string, version: number][] = [['2026-02-28', 1], ['2026-03-01', corrected.version], ['2026-05-31', corrected.version], ['2026-06-01', june.version], ['2030-01-01', june.version]]
    await w.tx(us, async tx => {
      for (const [on, version] of expected) t.equal((await agreementFor(tx, bank.id, 'GBP', on)).version, version, on)
      t.same((await findAgreementsInForce(tx, bank.id, expected.map(([on]) => ({ currency: 'GBP', on })))).map(found => found?.version), expected.map(([, version]) => version), 'many at once are found alike')
      t.same(await findAgreementsInForce(tx, bank.id, [{ currency: 'GBP', on: '1999-12-31' }, { currency: 'EUR', on: '2026-06-01' }]), [null, null])
      t.equal((await agreementFor(tx, bank.id, 'GBP', '2026-06-01', march.id)).id, march.id, 'one that is named holds')
      await t.rejects(agreementFor(tx, bank.id, 'GBP', '1999-12-31'), { code: 'agreement-missing' })
      await t.rejects(agreementFor(tx, bank.id, 'EUR', '2026-06-01'), { code: 'agreement-missing' })
      await t.rejects(agreementFor(tx, bank.id, 'EUR', '2026-06-01', march.id), { code: 'agreement-missing' }, 'of another currency')
    })
    const other = await w.lender(us)
    await t.rejects(w.tx(us, async tx => await agreementFor(tx, other.id, 'GBP', '2026-06-01', march.id)), { code: 'agreement-missing' }, 'of another lender')
  })

  t.test('a lender\'s key sees its own row and its own agreements, and makes neither', async t => {
    const bank = await w.lender(us)
    const rival = await w.lender(us)
    t.match(await w.ok(bank, 'GET', '/v1/lenders'), { data: [{ id: bank.id }], nextCursor: null })
    t.equal((await w.ok<{ data: unknown[] }>(bank, 'GET', '/v1/lenders')).data.length, 1)
    t.equal((await w.call(bank, 'GET', `/v1/lenders/${bank.id}`)).statusCode, 200)
    for (const path of [`/v1/lenders/${rival.id}`, `/v1/lenders/${rival.id}/agreements`, `/v1/agreements/${rival.agreementId}`]) t.equal((await w.call(bank, 'GET', path)).statusCode, 404, path)
    t.match(await w.ok(bank, 'GET', `/v1/agreements/${bank.agreementId}`), { lenderId: bank.id })
    t.equal((await w.call(bank, 'POST', '/v1/lenders', { name: 'Another' })).statusCode, 403)
    t.equal((await w.call(bank, 'POST', `/v1/lenders/${bank.id}/agreements`, { currency: 'CNY', terms })).statusCode, 403)
    t.equal((await w.call(bank, 'POST', `/v1/lenders/${bank.id}/api-keys`, { name: 'more' })).statusCode, 403)
    t.match((await w.call(us, 'POST', `/v1/lenders/${bank.id}/api-keys`, { name: 'x', scopes: ['lenders:write'] })).json(), { status: 422, code: 'scope-not-grantable' })
  })

  t.test('another agency\'s lender does not exist', async t => {
    const bank = await w.lender(us)
    for (const id of [bank.id, strangeId('lender')]) {
      t.equal((await w.call(them, 'GET', `/v1/lenders/${id}`)).statusCode, 404)
      t.equal((await w.call(them, 'GET', `/v1/lenders/${id}/agreements`)).statusCode, 404)
      t.equal((await w.call(them, 'POST', `/v1/lenders/${id}/agreements`, { currency: 'CNY', terms })).statusCode, 404)
      t.equal((await w.call(them, 'POST', `/v1/lenders/${id}/api-keys`, { name: 'x' })).statusCode, 404)
    }
    t.equal((await w.call(them, 'GET', `/v1/agreements/${bank.agreementId}`)).statusCode, 404)
    t.same((await w.ok<{ data: unknown[] }>(them, 'GET', '/v1/lenders')).data, [])
  })
  t.same(w.failures, [])
})
