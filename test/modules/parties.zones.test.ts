import t from 'tap'
import { checkPartyInput, zonesOf } from '../../src/modules/parties/core.ts'
import type { ContactPointInput } from '../../src/modules/parties/core.ts'
import { phoneZones, placeZones } from '../../src/modules/parties/zones.core.ts'
import zones from '../../src/modules/parties/zones.core.json' with { type: 'json' }

t.test('a number tells the zones it can be in by its area, else by its country; one of no place tells none', async t => {
  const cases: [number: string, zones: string, of: string][] = [
    ['+16175550100', 'America/New_York', 'Massachusetts'], ['+14135550100', 'America/New_York', 'Massachusetts'], ['+14155550100', 'America/Los_Angeles', 'California'], ['+13105550100', 'America/Los_Angeles', 'California'],
    ['+18085550100', 'Pacific/Honolulu', 'Hawaii'], ['+13175550100', 'America/New_York', 'Indianapolis'], ['+12195550100', 'America/Chicago', 'Gary, Indiana'], ['+18125550100', 'America/New_York America/Chicago', 'southern Indiana, on the border'],
    ['+18505550100', 'America/New_York America/Chicago', 'the Florida panhandle'], ['+16025550100', 'America/Phoenix', 'Arizona, whose clocks do not change'], ['+19155550100', 'America/Denver', 'El Paso'], ['+14165550100', 'America/Toronto', 'Toronto'], ['+16045550100', 'America/Vancouver', 'Vancouver'],
    ['+8613800138000', 'Asia/Shanghai', 'China'], ['+8699112345678', 'Asia/Shanghai', 'China\'s west keeps the same time'], ['+447911123456', 'Europe/London', 'the United Kingdom'], ['+442079460000', 'Europe/London', 'London'],
    ['+61291234567', 'Australia/Sydney', 'New South Wales'], ['+61391234567', 'Australia/Melbourne', 'Victoria'], ['+61731234567', 'Australia/Brisbane', 'Queensland'], ['+61741234567', 'Australia/Brisbane', 'northern Queensland'], ['+61882345678', 'Australia/Adelaide', 'South Australia'],
    ['+61889123456', 'Australia/Darwin', 'the Northern Territory'], ['+61892345678', 'Australia/Perth', 'Western Australia'], ['+5511912345678', 'America/Sao_Paulo', 'São Paulo'], ['+5592912345678', 'America/Manaus', 'Manaus'], ['+526641234567', 'America/Tijuana', 'Tijuana'],
    ['+74951234567', 'Europe/Moscow', 'Moscow'], ['+74232123456', 'Asia/Vladivostok', 'Vladivostok'], ['+6281234567890', 'Asia/Jakarta', 'a mobile number of Jakarta\'s'], ['+85221234567', 'Asia/Hong_Kong', 'Hong Kong'], ['+6561234567', 'Asia/Singapore', 'Singapore'], ['+919812345678', 'Asia/Kolkata', 'India'], ['+4915112345678', 'Europe/Berlin', 'Germany'],
    ['+18005550100', '', 'free of charge'], ['+18885550100', '', 'free of charge'], ['+611800123456', '', 'free of charge'], ['+448081570000', '', 'free of charge'], ['+864001234567', '', 'of a company'], ['+88312345', '', 'of no country'],
  ]
  for (const [number, expected, of] of cases) t.equal(phoneZones(number).join(' '), expected, `${number}: ${of}`)
  t.same([...phoneZones('+61412345678')].sort(), ['Australia/Adelaide', 'Australia/Brisbane', 'Australia/Darwin', 'Australia/Perth', 'Australia/Sydney'], 'a mobile number tells no state')
})

t.test('a place tells the zones of its region where we know them, else all of its country\'s', async t => {
  t.same(placeZones('US', 'MA'), ['America/New_York'])
  t.same(placeZones('US', 'IN'), ['America/New_York', 'America/Chicago'])
  t.same(placeZones('CA', 'MB'), ['America/Winnipeg'])
  t.same(placeZones('AU', 'QLD'), ['Australia/Brisbane'])
  t.same(placeZones('DE', 'BY'), ['Europe/Berlin'])
  t.same(placeZones('CN', 'XJ'), ['Asia/Shanghai'])
  for (const zone of ['America/New_York', 'America/Los_Angeles', 'Pacific/Honolulu']) t.ok(placeZones('US').includes(zone), zone)
  t.same(placeZones('US', 'XX'), placeZones('US'), 'a region that is not known is anywhere in its country')
  t.same(placeZones('ZZ'), [])
})

t.test('every zone of the data exists, so that none makes a decision refuse', async t => {
  const listed = [...Object.keys(zones.prefixes), ...Object.keys(zones.countries), ...Object.values(zones.regions).flatMap(Object.keys)].flatMap(names => names.split(' '))
  t.ok(listed.length > 400)
  t.doesNotThrow(() => { for (const timeZone of new Set(listed)) new Intl.DateTimeFormat('en', { timeZone }) })
})

t.test('a place is given of postal addresses only, in a country that exists', async t => {
  const check = (point: ContactPointInput) => checkPartyInput({ kind: 'person', name: 'Li Wei', contactPoints: [point] }, '/parties/0')
  t.same(zonesOf({ channel: 'postal', value: '1 Main Street, Honolulu', place: { country: 'US', region: 'HI' } }), ['Pacific/Honolulu'])
  t.same(zonesOf({ channel: 'postal', value: '1 Main Street, Honolulu' }), [], 'an address is not read')
  t.same(zonesOf({ channel: 'phone', value: '+1 (415) 555-0100' }), ['America/Los_Angeles'])
  t.same(zonesOf({ channel: 'email', value: 'a@example.com' }), [])
  t.same(check({ channel: 'postal', value: 'Anywhere', place: { country: 'AU' } }), [])
  t.match(check({ channel: 'postal', value: 'Anywhere', place: { country: 'ZZ' } }), [{ pointer: '/parties/0/contactPoints/0/place/country' }])
  t.match(check({ channel: 'email', value: 'a@example.com', place: { country: 'AU' } }), [{ pointer: '/parties/0/contactPoints/0/place' }])
})
