import { getCountries, getExampleNumber, parsePhoneNumberFromString } from 'libphonenumber-js/min'
import examples from 'libphonenumber-js/mobile/examples'
import fc from 'fast-check'
import t from 'tap'
import { isPhone, normalPhone } from '../../src/modules/parties/phone.core.ts'

t.test('a number has one spelling, however it is written', async t => {
  for (const written of ['+8613800138000', '+86 138-0013-8000', '+86 (138) 0013 8000', '+86 0138 0013 8000']) t.equal(normalPhone(written), '+8613800138000', written)
  t.equal(normalPhone('+44 (0)20 7946 0958'), '+442079460958')
  t.equal(normalPhone('13800138000'), null, 'without its country it is anybody\'s')
})

t.test('what cannot be called is no number', async t => {
  for (const bad of ['', '+', '+86', '+8612', '13800138000', 'call me', '+8613800138000 ext 5', '+999123456789', `+86138001380${'0'.repeat(20)}`]) t.notOk(isPhone(bad), bad)
  for (const good of ['+8613800138000', '+12025550123', '+442079460958', '+4915112345678', '+80012345678']) t.ok(isPhone(good), good)
})

t.test('seen at a glance or taken apart, a number is judged the same', async t => {
  const mobiles = getCountries().map(country => getExampleNumber(country, examples)?.number).filter(number => number !== undefined)
  const digit = fc.integer({ min: 0, max: 9 })
  // Real numbers with one digit changed, put in or left out.
  const near = fc.tuple(fc.constantFrom(...mobiles), fc.nat({ max: 14 }), digit, fc.constantFrom(0, 1, 2)).map(([number, at, changed, kind]) => {
    const place = 1 + at % (number.length - 1)
    return `${number.slice(0, place)}${kind === 2 ? '' : changed}${number.slice(kind === 1 ? place : place + 1)}`
  })
  fc.assert(fc.property(near, number => {
    const parsed = parsePhoneNumberFromString(number, { extract: false })
    const isValid = parsed !== undefined && parsed.ext === undefined && parsed.isValid()
    return isPhone(number) === isValid && (!isValid || normalPhone(number) === parsed.number)
  }), { numRuns: 5_000 })
})
