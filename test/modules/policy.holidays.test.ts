import t from 'tap'
import { decide, openWindow, selectPacks } from '../../src/modules/policy/index.ts'
import { holidaysAround } from '../../src/modules/policy/holidays.core.ts'

t.test('holidays are those of the place around the day', async t => {
  const cases: [jurisdiction: string, region: string | null, day: string, isHoliday: boolean, why: string][] = [
    ['AU', 'NSW', '2026-01-26', true, 'Australia Day'], ['AU', 'NSW', '2026-06-08', true, 'King\'s Birthday in New South Wales'], ['AU', 'WA', '2026-06-08', false, 'Western Australia has another'],
    ['AU', 'VIC', '2026-11-03', true, 'Melbourne Cup'], ['AU', 'NSW', '2026-11-03', false, 'which nobody else has'], ['AU', null, '2026-11-03', true, 'somewhere in Australia: it may be Melbourne'], ['AU', 'XX', '2026-11-03', true, 'a region that is not known'],
    ['DE', 'BY', '2026-06-04', true, 'Corpus Christi in Bavaria'], ['DE', 'BE', '2026-06-04', false, 'and not in Berlin'], ['DE', 'BE', '2026-10-03', true, 'German Unity Day'], ['GB', 'SCT', '2026-11-30', true, 'St Andrew\'s Day'], ['GB', 'ENG', '2026-11-30', false, 'not in England'], ['GB', 'ENG', '2026-12-28', true, 'for Boxing Day on a Saturday'],
    ['US', 'NY', '2026-07-03', true, 'for the fourth of July on a Saturday'], ['US', 'NY', '2026-11-26', true, 'Thanksgiving'], ['CN', null, '2026-02-16', true, 'New Year\'s Eve, since 2025'], ['CN', null, '2026-02-19', true, 'fourth day of the Spring Festival'], ['CN', null, '2026-05-02', true, 'second day of Labour Day'], ['CN', null, '2026-06-01', false, 'for children only'], ['CN', null, '2026-03-08', false, 'half a day, and for women only'],
    ['HK', null, '2026-07-01', true, 'Establishment Day'], ['JP', null, '2026-05-06', true, 'for a Sunday'], ['SG', null, '2026-08-10', true, 'for a Sunday'], ['IN', 'MH', '2026-08-15', true, 'Independence Day'], ['FR', null, '2026-07-14', true, 'the national day'],
  ]
  for (const [jurisdiction, region, day, isHoliday, why] of cases) t.equal(holidaysAround(jurisdiction, region, day)?.includes(day), isHoliday, `${jurisdiction} ${region} ${day}: ${why}`)
})

t.test('a place or a year that is not in the data is not known, so that what depends on it refuses', async t => {
  t.equal(holidaysAround('ZZ', null, '2026-01-26'), undefined)
  t.equal(holidaysAround('AU', 'NSW', '2023-12-31'), undefined)
  t.equal(holidaysAround('AU', 'NSW', '2024-01-01'), undefined, 'it reaches back into a year that is not known')
  t.equal(holidaysAround('AU', 'NSW', '2028-12-01'), undefined, 'and ahead into one')
  t.ok(Array.isArray(holidaysAround('AU', 'NSW', '2024-01-03')))
  t.same(holidaysAround('AU', 'NSW', '2026-12-20'), ['2026-12-25', '2026-12-26', '2026-12-28', '2027-01-01', '2027-01-26'], 'across the turn of the year')
})

t.test('nobody in Australia is called on a holiday, and without a calendar nobody is called at all', async t => {
  const packs = selectPacks({ jurisdiction: 'AU', region: 'NSW', on: '2026-01-26' })
  // 10:00 of Australia Day, a Monday, in Sydney.
  const at = new Date('2026-01-25T23:00:00Z')
  const verdictOf = (publicHolidays: string[] | undefined) => decide(packs, { timeZones: ['Australia/Sydney'], history: [], ...publicHolidays !== undefined && { publicHolidays } }, { at: at.toISOString(), channel: 'call', debts: ['d'], party: 'borrower', person: 'p', collector: 'c' })
  t.match(verdictOf(holidaysAround('AU', 'NSW', '2026-01-26')), { verdict: 'wait', earliestAllowedAt: '2026-01-26T20:30:00Z' }, '07:30 of Tuesday')
  t.match(verdictOf(undefined), { verdict: 'denied', reasons: [{ rule: 'AU.HRS.PHONE' }] })
  t.equal(openWindow(packs, ['Australia/Sydney'], 'call', at), null)
})
