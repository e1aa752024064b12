import fc from 'fast-check'
import t from 'tap'
import { Problem } from '#kernel'
import { jsonDepthMax, parseJson } from '../../src/platform/api/json.ts'

/** The problem that reading the body ends in, or null if it is accepted. */
function problemOf (body: string | Buffer): Problem | null {
  try {
    parseJson(Buffer.from(body))
  } catch (error) {
    if (error instanceof Problem) return error
    throw error
  }
  return null
}

/** The code and the pointer of the refusal. */
function refusal (body: string | Buffer): [code: string, pointer: string | undefined] | null {
  const problem = problemOf(body)
  return problem && [problem.code, problem.refusal.violations?.[0]?.pointer]
}

/** Whether the platform's own parser takes it: the reference for the grammar. */
function isJson (text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

t.test('every JSON value arrives as JSON.parse gives it, because handlers rely on nothing else', async t => {
  fc.assert(fc.property(fc.json({ maxDepth: 6 }), fc.constantFrom('', ' ', '\n\t\r '), (text, space) => {
    fc.pre(['malformed-json', undefined].includes(refusal(text)?.[0]))
    t.same(parseJson(Buffer.from(`${space}${text}${space}`)), JSON.parse(text))
  }))
  t.same(parseJson(Buffer.from('{"名":["王小明","😀","\\ud83d\\ude00","\\u0001\\"\\\\"],"n":-1.5e-3}')), { 名: ['王小明', '😀', '😀', '\u0001"\\'], n: -0.0015 })
})

t.test('what JSON.parse refuses is refused as malformed, and nothing else is, so that no body can end in a 500', async t => {
  const mutations = fc.array(fc.tuple(fc.nat(), fc.constantFrom(0, 1), fc.constantFrom(...'{}[]",:\\/u0dDcCeE+-.19tfn \n\t\u0001é')), { maxLength: 3 })
  let refusedCount = 0
  fc.assert(fc.property(fc.json({ maxDepth: 4 }), mutations, (text, edits) => {
    const body = edits.reduce((body, [at, cut, insert]) => body.slice(0, at % (body.length + 1)) + insert + body.slice(at % (body.length + 1) + cut), text)
    const code = refusal(body)?.[0]
    if (code === 'malformed-json') refusedCount++
    // A body with two faults may be refused for the other one first; a sound body never is malformed.
    return isJson(body) ? code !== 'malformed-json' : code !== undefined
  }), { numRuns: 5_000 })
  t.ok(refusedCount > 1_000, 'the mutations break bodies')
})

t.test('each fault is refused by its own code, with a pointer to the place', async t => {
  const cases: [body: string | Buffer, code: string, pointer: string][] = [
    ['', 'malformed-json', ''],
    [' ', 'malformed-json', ''],
    ['{} {}', 'malformed-json', ''],
    ['{"a":{"b":[1,2 3]}}', 'malformed-json', '/a/b/1'],
    ['{"a":[1,]}', 'malformed-json', '/a/1'],
    ['{"a":1,}', 'malformed-json', ''],
    ['{"a" 1}', 'malformed-json', '/a'],
    ['[1}', 'malformed-json', '/0'],
    ['{"a":1]', 'malformed-json', '/a'],
    ['{a:1}', 'malformed-json', ''],
    ["['x']", 'malformed-json', '/0'],
    ['[nul]', 'malformed-json', '/0'],
    ['[NaN]', 'malformed-json', '/0'],
    ['[01]', 'malformed-json', '/0'],
    ['[-]', 'malformed-json', '/0'],
    ['[1.]', 'malformed-json', '/0'],
    ['[1e+]', 'malformed-json', '/0'],
    ['["tab\there"]', 'malformed-json', '/0'],
    ['["\\x41"]', 'malformed-json', '/0'],
    ['["\\u00g0"]', 'malformed-json', '/0'],
    ['["open', 'malformed-json', '/0'],
    ['{"x/y":{"a~b":[0,"\\u0000"]}}', 'forbidden-character', '/x~1y/a~0b/1'],
    ['{"a":{"\\u0000":1}}', 'forbidden-character', '/a'],
    ['["\\ud83d"]', 'forbidden-character', '/0'],
    ['["\\ud83dx"]', 'forbidden-character', '/0'],
    ['["\\ud83d\\ud83d"]', 'forbidden-character', '/0'],
    ['["\\ude00\\ud83d"]', 'forbidden-character', '/0'],
    ['["\\ude00\\ude00"]', 'forbidden-character', '/0'],
    ['["\\ud83d\\ue000"]', 'forbidden-character', '/0'],
    ['{"a":[{"b":1,"c":{},"b":2}]}', 'duplicate-key', '/a/0/b'],
    ['{"a":1,"\\u0061":2}', 'duplicate-key', '/a'],
    ['{"":1,"":2}', 'duplicate-key', '/'],
    ['{"a":{"__proto__":{}}}', 'forbidden-key', '/a/__proto__'],
    ['{"\\u005f_proto__":1}', 'forbidden-key', '/__proto__'],
    ['{"constructor":{"prototype":1}}', 'forbidden-key', '/constructor/prototype'],
    ['{"a":9007199254740992}', 'number-too-large', '/a'],
    ['[-9007199254740993]', 'number-too-large', '/0'],
    ['[9007199254740993.0]', 'number-too-large', '/0'],
    ['[1e400]', 'number-too-large', '/0'],
    ['\ufeff{}', 'json-encoding-refused', ''],
    [Buffer.from('{"a":["x\xff"]}', 'latin1'), 'json-encoding-refused', '/a/0'],
    [Buffer.from([0x5b, 0x22, 0xed, 0xa0, 0x80, 0x22, 0x5d]), 'json-encoding-refused', '/0'],
    [Buffer.from([0x5b, 0x22, 0xc0, 0x80, 0x22, 0x5d]), 'json-encoding-refused', '/0'],
  ]
  for (const [body, code, pointer] of cases) t.same(refusal(body), [code, pointer], JSON.stringify(body.toString('utf8')))
})

t.test('what is unusual but sound is accepted', async t => {
  for (const body of ['9007199254740991', '-9007199254740991', '0.30000000000000004', '1e-400', '-0', '"\ufeff"', '"\ufffd"', '"\\u0001"', '{"prototype":1,"constructor":2}',
    '[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}}}', '{"hasOwnProperty":1,"toString":2}']) t.equal(refusal(body), null, body)
})

t.test(`a body nests ${jsonDepthMax} deep and no deeper, and a megabyte of brackets costs nothing`, async t => {
  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)
  t.equal(refusal(nested(jsonDepthMax)), null)
  t.same(refusal(nested(jsonDepthMax + 1)), ['json-too-deep', '/0'.repeat(jsonDepthMax)])
  t.same(refusal('{"a":'.repeat(1 << 18))?.[0], 'json-too-deep')
})

t.test('a key is found twice however many keys lie between', async t => {
  const keys = Array.from({ length: 1_000 }, (_, i) => `"k${i}":${i}`)
  t.equal(refusal(`{${keys.join()}}`), null)
  for (const twice of [0, 15, 16, 17, 999]) t.same(refusal(`{${keys.join()},"k${twice}":0}`), ['duplicate-key', `/k${twice}`])
})

t.test('a refusal says where reading stopped and stays short, whatever the caller sent', async t => {
  const long = 'k'.repeat(100_000)
  t.same(refusal(`{"a":{"${long}":{"b":\u0001}}}`), ['malformed-json', '/a'])
  t.same(problemOf('{\n  "a": 1,\n  "b": x\n}')?.details, { line: 3, column: 8 })
})
