import { readFileSync } from 'node:fs'
import t from 'tap'
import { ConfigError, Environment, environmentExample, publicUrlOf, readConfig } from '../../src/config.ts'

const production = {
  NODE_ENV: 'production', DATABASE_URL: 'postgres://recoup@db/recoup', REDIS_URL: 'redis://queue',
  RECOUP_OPERATOR_KEY: 'rk_operator_0123456789abcdef0123456789abcdef', RECOUP_MASTER_KEY: `m1:${Buffer.alloc(32, 1).toString('base64')}`,
  SMTP_URL: 'smtp://mail.internal', SMS_GATEWAY_URL: 'https://sms.internal/send', RECOUP_PUBLIC_URL: 'https://pay.harbour.example',
}

t.test('nothing need be set to try it out', async t => {
  t.match(readConfig({}), { NODE_ENV: 'development', HOST: '127.0.0.1', PORT: 8080, DATABASE_URL: '', REDIS_URL: '', TRUST_PROXY: [], DATABASE_PREPARE: true })
  t.equal(readConfig({ PORT: '' }).PORT, 8080, 'an empty variable is one that is not set')
  t.equal(readConfig({ SOMETHING_ELSE: 'x' }).PORT, 8080, 'the rest of the environment is not ours')
})

t.test('values are read as what they are', async t => {
  t.match(readConfig({ PORT: '0', DATABASE_PREPARE: 'false', TRUST_PROXY: '10.0.0.1, 10.0.0.2' }), { PORT: 0, DATABASE_PREPARE: false, TRUST_PROXY: ['10.0.0.1', '10.0.0.2'] })
})

t.test('borrowers are led to this machine until they are told another way in, and never past its end', async t => {
  t.equal(publicUrlOf(readConfig({ PORT: '9000' })), 'http://127.0.0.1:9000')
  for (const url of ['https://pay.harbour.example', 'https://pay.harbour.example:8443/recoup', 'http://localhost:3000', 'http://[::1]:3000']) {
    t.equal(publicUrlOf(readConfig({ RECOUP_PUBLIC_URL: url })), url)
    t.equal(publicUrlOf(readConfig({ RECOUP_PUBLIC_URL: `${url}/` })), url)
  }
  for (const url of ['http://pay.harbour.example', 'pay.harbour.example', 'https://a@b', 'https://a?b', 'https://a/#b', 'https://a b', 'https://a>', 'http://localhost.example', 'ftp://a']) {
    t.throws(() => readConfig({ RECOUP_PUBLIC_URL: url }), { constructor: ConfigError, message: /^RECOUP_PUBLIC_URL must match pattern/ }, url)
  }
})

t.test('a bad value stops the start and names itself', async t => {
  const cases: [Record<string, string>, RegExp][] = [
    [{ PORT: 'http' }, /^PORT must be integer/],
    [{ PORT: '70000' }, /^PORT must be <= 65535/],
    [{ NODE_ENV: 'prod' }, /^NODE_ENV .*: development, test, production/],
    [{ LOG_LEVEL: 'loud' }, /^LOG_LEVEL /],
    [{ DATABASE_URL: 'mysql://db' }, /^DATABASE_URL must match pattern/],
    [{ REDIS_URL: 'localhost:6379' }, /^REDIS_URL must match pattern/],
    [{ RECOUP_OPERATOR_KEY: 'secret' }, /^RECOUP_OPERATOR_KEY must have at least 32 characters/],
    [{ DATABASE_POOL_MAX: '1' }, /^DATABASE_POOL_MAX must be >= 2/],
  ]
  for (const [source, message] of cases) t.throws(() => readConfig(source), { constructor: ConfigError, message }, JSON.stringify(source))
})

t.test('production starts on nothing embedded, and says what to set', async t => {
  t.match(readConfig(production), { NODE_ENV: 'production' })
  for (const name of ['DATABASE_URL', 'REDIS_URL', 'RECOUP_OPERATOR_KEY', 'RECOUP_MASTER_KEY', 'SMTP_URL', 'SMS_GATEWAY_URL', 'RECOUP_PUBLIC_URL'] as const) {
    const { [name]: _, ...rest } = production
    t.throws(() => readConfig(rest), { constructor: ConfigError, message: new RegExp(`^${name} must be set under NODE_ENV=production: .+\\.$`) }, name)
  }
  t.throws(() => readConfig({ ...production, RECOUP_PUBLIC_URL: 'http://127.0.0.1:8080' }), { message: /^RECOUP_PUBLIC_URL must be https/ })
  t.throws(() => readConfig({ ...production, WEBHOOK_ALLOW_PRIVATE: 'true' }), { message: /^WEBHOOK_ALLOW_PRIVATE/ })
})

t.test('.env.example names every variable once, with what it means and its default', async t => {
  const example = environmentExample()
  for (const [name, schema] of Object.entries(Environment.properties)) {
    t.equal(example.match(new RegExp(`^${name}=`, 'gm'))?.length, 1, name)
    t.ok((schema as { description?: string }).description, `${name} is described`)
  }
  const lines = Object.fromEntries(example.split('\n').filter(line => /^[A-Z]/.test(line)).map(line => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
  t.same(readConfig(lines), readConfig({}), 'read back, it is the defaults')
  t.equal(readFileSync(new URL('../../../.env.example', import.meta.url), 'utf8'), example, 'and the file is this one: npm run generate')
})
