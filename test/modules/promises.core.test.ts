import t from 'tap'
import { checkHeld, checkPromise, judge, outcomeOf, partsOf, promiserOf } from '../../src/modules/promises/core.ts'
import type { Dated } from '../../src/modules/promises/core.ts'

const one: Dated[] = [{ on: '2026-02-10', amount: 300_00 }]
const two: Dated[] = [{ on: '2026-02-10', amount: 100_00 }, { on: '2026-03-10', amount: 200_00 }]
const paid = (...all: [on: string, amount: number][]): Dated[] => all.map(([on, amount]) => ({ on, amount }))

t.test('one amount is waited for to the last day of grace, kept at once when it is there, and judged the day after', async t => {
  // 300.00 by 10 February, with three days of grace: 11, 12, 13. On 14 February it is judged.
  for (const [received, today, expected, why] of [
    [paid(), '2026-02-01', ['open', 0, '2026-02-13'], 'nothing is due yet'],
    [paid(), '2026-02-10', ['open', 0, '2026-02-13'], 'the day itself is in time'],
    [paid(), '2026-02-11', ['open', 0, '2026-02-13'], 'first day of grace'],
    [paid(), '2026-02-13', ['open', 0, '2026-02-13'], 'last day of grace'],
    [paid(), '2026-02-14', ['broken', 0, '2026-02-13'], 'nothing came'],
    [paid(['2026-02-13', 299_99]), '2026-02-13', ['open', 299_99, '2026-02-13'], 'a cent is missing, and there are hours left'],
    [paid(['2026-02-13', 299_99]), '2026-02-14', ['partiallyKept', 299_99, '2026-02-13'], 'a cent was missing'],
    [paid(['2026-02-13', 300_00]), '2026-02-13', ['kept', 300_00, null], 'in time on the last day, and known at once'],
    [paid(['2026-02-03', 300_00]), '2026-02-03', ['kept', 300_00, null], 'a week early'],
    [paid(['2026-02-05', 100_00], ['2026-02-12', 200_00]), '2026-02-12', ['kept', 300_00, null], 'in two: 100.00 + 200.00'],
    [paid(['2026-02-14', 300_00]), '2026-02-14', ['broken', 0, '2026-02-13'], 'a day late counts for nothing'],
    [paid(['2026-02-05', 100_00], ['2026-02-14', 200_00]), '2026-02-20', ['partiallyKept', 100_00, '2026-02-13'], 'what is late does not add to what was in time'],
    [paid(['2026-02-05', 400_00]), '2026-02-20', ['kept', 400_00, null], 'more than was promised'],
  ] as const) {
    const { state, paid: counted, lastOn } = judge(one, received, today, 3)
    t.same([state, counted, lastOn], expected, `${why}: ${today}`)
  }
})

t.test('grace is from none to a fortnight', async t => {
  for (const [graceDays, today, expected] of [[0, '2026-02-10', 'open'], [0, '2026-02-11', 'broken'], [14, '2026-02-24', 'open'], [14, '2026-02-25', 'broken']] as const) t.equal(judge(one, [], today, graceDays).state, expected, `${graceDays} on ${today}`)
})

t.test('parts add up, and the first that is missed ends the matter', async t => {
  // 100.00 by 10 February and 200.00 by 10 March, two days of grace: 12 February, 12 March. By the second there must be 300.00.
  for (const [received, today, expected, why] of [
    [paid(), '2026-02-12', ['open', 0, '2026-02-12'], 'the first is waited for'],
    [paid(), '2026-02-13', ['broken', 0, '2026-02-12'], 'the first was missed'],
    [paid(['2026-02-11', 60_00]), '2026-02-13', ['partiallyKept', 60_00, '2026-02-12'], '60.00 of 100.00'],
    [paid(['2026-02-11', 100_00]), '2026-02-11', ['open', 100_00, '2026-03-12'], 'the first is there: the second is waited for'],
    [paid(['2026-02-11', 100_00]), '2026-03-12', ['open', 100_00, '2026-03-12'], 'last day of grace of the second'],
    [paid(['2026-02-11', 100_00]), '2026-03-13', ['partiallyKept', 100_00, '2026-03-12'], 'the first was kept, the second missed'],
    [paid(['2026-02-11', 150_00], ['2026-03-01', 150_00]), '2026-03-01', ['kept', 300_00, null], '50.00 of the second came with the first'],
    [paid(['2026-02-01', 300_00]), '2026-02-01', ['kept', 300_00, null], 'all of it at once'],
    [paid(['2026-02-13', 300_00]), '2026-02-13', ['broken', 0, '2026-02-12'], 'all of it, a day after the first was missed'],
  ] as const) {
    const { state, paid: counted, lastOn } = judge(two, received, today, 2)
    t.same([state, counted, lastOn], expected, `${why}: ${today}`)
  }
})

t.test('what is promised is said once, part after part', async t => {
  t.same(partsOf({ amount: 300_00, promisedOn: '2026-02-10' }), one)
  t.same(partsOf({ parts: two }), two)
  for (const [terms, pointer] of [
    [{}, '/parts'], [{ amount: 1 }, '/parts'], [{ promisedOn: '2026-02-10' }, '/parts'], [{ amount: 1, promisedOn: '2026-02-10', parts: two }, '/parts'], [{ amount: 1, parts: two }, '/parts'],
    [{ parts: [two[1]!, two[0]!] }, '/parts/1/on'], [{ parts: [two[0]!, two[0]!] }, '/parts/1/on'],
  ] as const) t.throws(() => partsOf({ ...terms } as Parameters<typeof partsOf>[0]), { code: 'promise-terms-refused', refusal: { violations: [{ pointer }] } }, JSON.stringify(terms))
})

t.test('a promise stays within what is owed, the term, and the time to sue', async t => {
  const bounds = { today: '2026-02-10', owed: 300_00, termEndsOn: '2026-03-10', lastToSueOn: '2026-03-10' }
  t.doesNotThrow(() => checkPromise(two, bounds), 'each bound included')
  t.doesNotThrow(() => checkPromise(two, { ...bounds, lastToSueOn: null }), 'what is not known bars nothing')
  for (const [changed, code] of [
    [{ today: '2026-02-11' }, 'promise-in-past'], [{ owed: 299_99 }, 'promise-above-balance'], [{ termEndsOn: '2026-03-09' }, 'promise-after-term'], [{ lastToSueOn: '2026-03-09' }, 'promise-after-limitation'],
  ] as const) t.throws(() => checkPromise(two, { ...bounds, ...changed }), { code }, code)
})

t.test('while contact is stopped, only who comes forward promises', async t => {
  for (const began of [null, 'out', 'in'] as const) t.doesNotThrow(() => checkHeld(false, began))
  for (const began of [null, 'out'] as const) t.throws(() => checkHeld(true, began), { code: 'promise-under-hold' })
  t.doesNotThrow(() => checkHeld(true, 'in'))
})

t.test('whose promise it is: the party named, or the first that owes the debt', async t => {
  const all = [{ partyId: 'a', role: 'contactOnly' }, { partyId: 'b', role: 'guarantor' }, { partyId: 'c', role: 'borrower' }, { partyId: 'd', role: 'legalRepresentative' }] as const
  t.equal(promiserOf(all, undefined), 'c')
  t.equal(promiserOf(all, 'b'), 'b')
  t.equal(promiserOf(all, 'd'), 'd', 'who speaks for the borrower')
  t.equal(promiserOf<string>(all, 'z'), null)
  t.throws(() => promiserOf(all, 'a'), { code: 'promise-by-contact-only' })
  t.throws(() => promiserOf([all[0]], undefined), { code: 'promiser-missing' })
})

t.test('when work on the debt has ended, what was open is cancelled and what was judged stays', async t => {
  const judged = (state: 'open' | 'kept' | 'partiallyKept' | 'broken') => ({ state, paid: 0, lastOn: null })
  for (const [state, isWorked, wasOpenAtEnd, expected] of [
    ['open', true, false, 'open'], ['broken', true, false, 'broken'], ['kept', false, true, 'kept'], ['kept', false, false, 'kept'], ['open', false, false, 'cancelled'], ['open', false, true, 'cancelled'],
    ['broken', false, true, 'cancelled'], ['partiallyKept', false, true, 'cancelled'], ['broken', false, false, 'broken'],
  ] as const) t.equal(outcomeOf(judged(state), { isWorked, wasOpenAtEnd }), expected, `${state} ${isWorked} ${wasOpenAtEnd}`)
})
