import { randomBytes } from 'node:crypto'
import fc from 'fast-check'
import t from 'tap'
import { blindIndex, mask, masterKeys, newDataKey, open, rewrap, seal, unwrapDataKey } from '../../src/platform/secrets/envelope.ts'
import type { FieldPlace, KeyPlace } from '../../src/platform/secrets/envelope.ts'

const base64 = (byte: number): string => Buffer.alloc(32, byte).toString('base64')
const place: FieldPlace = { tenantId: 'ten_1', table: 'parties', column: 'name', id: 'pty_1' }
const keyPlace: KeyPlace = { tenantId: 'ten_1', purpose: 'fields', version: 1 }
const dataKey = { version: 1, key: randomBytes(32) }
const keys = new Map([[1, dataKey.key]])

const anyPlace = fc.record({ tenantId: fc.string(), table: fc.string(), column: fc.string(), id: fc.string() })
const anyText = fc.string({ unit: 'binary', maxLength: 200 })

t.test('master keys', async t => {
  t.test('the first of a list wraps and all unwrap, so that a new one can be put in front of the old', async t => {
    const { current, byId } = masterKeys(`k2:${base64(2)}, k1:${base64(1)}`)
    t.same([current.id, [...byId.keys()]], ['k2', ['k2', 'k1']])
    t.same(byId.get('k1')?.key, Buffer.alloc(32, 1))
  })
  t.test('one bare key is called default, so that it can later stand behind a new one', async t => {
    t.equal(masterKeys(base64(1)).current.id, 'default')
    t.equal(masterKeys(`k2:${base64(2)},default:${base64(1)}`).byId.get('default')?.key.equals(masterKeys(base64(1)).current.key), true)
  })
  t.test('a key that is not exactly 32 bytes of base64 is refused without being shown', async t => {
    for (const bad of ['', 'k1:', 'short', Buffer.alloc(16).toString('base64'), Buffer.alloc(33).toString('base64'), base64(1).slice(0, -1), `${base64(1)}!`,
      `:${base64(1)}`, `K1:${base64(1)}`, `a:b:${base64(1)}`, `k1:${base64(1)},`, `k1:${base64(1)},k1:${base64(2)}`]) {
      t.throws(() => masterKeys(bad), { message: /^master key(?!.*[A-Za-z0-9+/]{40})/ }, bad)
    }
  })
})

t.test('data keys', async t => {
  const masters = masterKeys(`k2:${base64(2)},k1:${base64(1)}`)
  const old = masterKeys(`k1:${base64(1)}`)
  const { plain, ...stored } = newDataKey(old.current, keyPlace)

  t.test('unwrap to what was made, under the master key that wrapped them', async t => {
    t.equal(plain.length, 32)
    t.equal(stored.wrapped.includes(plain), false)
    t.same(unwrapDataKey(masters, keyPlace, stored), plain)
  })
  t.test('are rewrapped under the current master key, and then outlive the old one', async t => {
    const again = rewrap(masters, keyPlace, stored)
    t.equal(again.masterKeyId, 'k2')
    t.same(unwrapDataKey(masterKeys(`k2:${base64(2)}`), keyPlace, again), plain)
    t.throws(() => unwrapDataKey(masterKeys(`k2:${base64(2)}`), keyPlace, stored), { message: /k1 is not configured/ })
  })
  t.test('do not unwrap elsewhere, so that moving a row in the database opens nothing', async t => {
    for (const other of [{ tenantId: 'ten_2' }, { purpose: 'index' as const }, { version: 2 }]) t.throws(() => unwrapDataKey(masters, { ...keyPlace, ...other }, stored))
  })
  t.test('do not unwrap when any byte was altered', async t => {
    for (let i = 0; i < stored.wrapped.length; i++) t.throws(() => unwrapDataKey(masters, keyPlace, { ...stored, wrapped: flip(stored.wrapped, i, 1) }))
    t.throws(() => unwrapDataKey(masters, keyPlace, { ...stored, wrapped: stored.wrapped.subarray(0, 28) }))
  })
})

t.test('sealed fields', async t => {
  t.test('open to the same text in the same place', async t => {
    fc.assert(fc.property(anyPlace, anyText, (place, text) => open(keys, place, seal(dataKey, place, text)) === text))
  })
  t.test('do not open when any bit was altered or any byte is missing', async t => {
    const sealed = seal(dataKey, place, '王小明')
    t.equal(sealed.length, 1 + 2 + 12 + Buffer.byteLength('王小明') + 16)
    for (let i = 0; i < sealed.length; i++) {
      for (let bit = 0; bit < 8; bit++) t.throws(() => open(new Map([...keys, [0, dataKey.key], [3, dataKey.key]]), place, flip(sealed, i, 1 << bit)), Error)
      t.throws(() => open(keys, place, sealed.subarray(0, i)), Error)
    }
    t.throws(() => open(keys, place, Buffer.concat([sealed, Buffer.of(0)])), Error)
  })
  t.test('do not open in another place, so that a name copied to another person stays closed', async t => {
    fc.assert(fc.property(anyPlace, anyPlace, anyText, (here, there, text) => {
      fc.pre(JSON.stringify(here) !== JSON.stringify(there))
      t.throws(() => open(keys, there, seal(dataKey, here, text)), Error)
    }))
    for (const other of [{ tenantId: 'ten_2' }, { table: 'x' }, { column: 'x' }, { id: 'pty_2' }]) t.throws(() => open(keys, { ...place, ...other }, seal(dataKey, place, 'x')), Error)
    const sealed = seal(dataKey, { ...place, table: 'a', column: 'bc' }, 'x')
    t.throws(() => open(keys, { ...place, table: 'ab', column: 'c' }, sealed), Error, 'the border between two names is part of the place')
  })
  t.test('never look alike, so that equal values cannot be told from one another', async t => {
    const nonces = new Set(Array.from({ length: 10_000 }, () => seal(dataKey, place, 'same').toString('hex', 3, 15)))
    t.equal(nonces.size, 10_000)
  })
  t.test('open by the version of the key that sealed them, so that keys rotate without rewriting rows', async t => {
    const next = { version: 0x0102, key: randomBytes(32) }
    const both = new Map([[1, dataKey.key], [next.version, next.key]])
    t.equal(open(both, place, seal(dataKey, place, 'old')), 'old')
    t.equal(open(both, place, seal(next, place, 'new')), 'new')
    t.throws(() => open(keys, place, seal(next, place, 'new')), { message: /version 258 is not at hand/ })
    for (const version of [0, -1, 1.5, 65_536]) t.throws(() => seal({ ...dataKey, version }, place, 'x'), { message: /out of range/ })
  })
  t.test('refuse text that would not come back', async t => {
    t.throws(() => seal(dataKey, place, 'a\ud83d'), { message: /surrogate/ })
    t.equal(open(keys, place, seal(dataKey, place, '😀')), '😀')
  })
})

t.test('a blind index finds equal values of one kind under one key, and tells nothing else', async t => {
  const indexKey = randomBytes(32)
  const index = (kind: string, value: string, key = indexKey): string => blindIndex(key, kind, value).toString('hex')
  t.match(index('phone', '+8613812345678'), /^[0-9a-f]{32}$/)
  t.equal(index('phone', '+8613812345678'), index('phone', '+8613812345678'))
  t.not(index('phone', '1'), index('identity', '1'))
  t.not(index('a', 'bc'), index('ab', 'c'))
  t.not(index('phone', '1'), index('phone', '1', randomBytes(32)))
})

t.test('masks show what people need to recognize a value, and no more', async t => {
  const shown: [keyof typeof mask, value: string, shown: string][] = [
    ['phone', '+86 138 1234 5678', '****5678'],
    ['phone', '(555) 010-1234', '****1234'],
    ['phone', '1234567', '****'],
    ['identity', '11010519491231002X', '****002X'],
    ['identity', '078-05-1120', '****1120'],
    ['identity', '1234', '****'],
    ['email', 'jane.public@example.com', 'j****@example.com'],
    ['email', 'j@example.com', '****@example.com'],
    ['email', 'no address', '****'],
    ['name', '王小明', '王**'],
    ['name', ' 欧阳娜娜 ', '欧**'],
    ['name', '王', '**'],
    ['name', '𠮷野家', '𠮷**'],
    ['name', 'John  Q Public', 'J*** Q*** P***'],
    ['address', '浙江省杭州市西湖区文三路478号', '浙江省杭州市****'],
    ['address', '西湖区文三路', '****'],
    ['address', '1200 Long Street, Springfield, IL 62704', '****, IL'],
    ['address', '10 Downing Street, London SW1A 2AA', '****, London'],
    ['address', '10 Downing Street', '****'],
    ['address', '10 Downing Street, 90210', '****'],
    ['address', '', '****'],
  ]
  for (const [kind, value, expected] of shown) t.equal(mask[kind](value), expected, `${kind} ${value}`)
})

function flip (bytes: Buffer, at: number, bits: number): Buffer {
  const altered = Buffer.from(bytes)
  altered.writeUInt8(altered.readUInt8(at) ^ bits, at)
  return altered
}
