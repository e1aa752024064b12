import { createServer } from 'node:http'
import type { Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { Agent, buildConnector, request } from 'undici'
import { Problem } from '#kernel'
import { checkUrl, guardedAgent, guardedConnector, whyNotPublic } from '../../src/platform/http/guard.ts'
import type { Resolve } from '../../src/platform/http/guard.ts'

/** The reason of the refusal, or null if there is none; any other error is the test's. */
function reasonOf (act: () => unknown): unknown {
  try {
    act()
  } catch (error) {
    if (error instanceof Problem && error.code === 'address-forbidden' && error.status === 422) return error.details['reason']
    throw error
  }
  return null
}

t.test('only public unicast addresses are public', async t => {
  const expected: [address: string, why: string | null][] = [
    ['8.8.8.8', null], ['1.1.1.1', null], ['172.32.0.1', null], ['2606:4700:4700::1111', null], ['2a00:1450:4001:80b::200e', null],
    ['0.0.0.0', 'unspecified'], ['0.1.2.3', 'unspecified'], ['255.255.255.255', 'broadcast'],
    ['127.0.0.1', 'loopback'], ['127.255.255.254', 'loopback'],
    ['10.0.0.1', 'private'], ['172.16.0.1', 'private'], ['172.31.255.255', 'private'], ['192.168.1.1', 'private'],
    ['100.64.0.1', 'carrierGradeNat'], ['100.100.100.200', 'carrierGradeNat'],
    ['169.254.169.254', 'linkLocal'], ['168.63.129.16', 'cloud metadata'],
    ['192.0.0.192', 'reserved'], ['192.0.2.1', 'reserved'], ['198.18.0.1', 'reserved'], ['198.51.100.1', 'reserved'], ['203.0.113.1', 'reserved'], ['240.0.0.1', 'reserved'],
    ['224.0.0.1', 'multicast'], ['ff02::1', 'multicast'],
    ['::', 'unspecified'], ['::1', 'loopback'], ['fe80::1', 'linkLocal'], ['fe80::1%eth0', 'linkLocal'], ['2606:4700::1%eth0', 'linkLocal'],
    ['fc00::1', 'uniqueLocal'], ['fd00:ec2::254', 'uniqueLocal'], ['fec0::1', 'deprecatedSiteLocal'], ['2001:db8::1', 'reserved'], ['100::1', 'discard'],
    ['::ffff:127.0.0.1', 'ipv4Mapped'], ['::ffff:8.8.8.8', 'ipv4Mapped'], ['::ffff:0:127.0.0.1', 'rfc6145'],
    ['::127.0.0.1', 'ipv4Mapped'], ['::a00:1', 'reserved'], ['4000::1', 'reserved'],
    ['64:ff9b::8.8.8.8', null], ['64:ff9b::10.0.0.1', 'private'], ['64:ff9b::a9fe:a9fe', 'linkLocal'], ['64:ff9b:1::8.8.8.8', 'rfc6052'],
    ['2002:a00:1::1', '6to4'], ['2002:808:808::1', '6to4'], ['2001:0:4136:e378:8000:63bf:3fff:fdd2', 'teredo'],
    ['', 'not an IP address'], ['example.com', 'not an IP address'], ['0x7f.1', 'not an IP address'], ['2130706433', 'not an IP address'],
  ]
  for (const [address, why] of expected) t.equal(whyNotPublic(address), why, address)
})

t.test('a URL is judged when it is registered', async t => {
  const live = { allowPrivate: false, httpsOnly: true }
  const expected: [url: string, reason: string | null][] = [
    ['https://hooks.example.com/in?x=1', null], ['https://8.8.8.8:8443/', null], ['https://[2606:4700:4700::1111]/', null], ['https://localhost.example.com/', null],
    ['', 'not a URL'], ['/in', 'not a URL'], ['https://', 'not a URL'], ['https://999.1.1.1/', 'not a URL'],
    ['http://hooks.example.com/', 'not https'], ['ftp://hooks.example.com/', 'not https'], ['file:///etc/passwd', 'not https'], ['javascript:alert(1)', 'not https'],
    ['https://user@example.com/', 'contains a user name or password'], ['https://:pw@example.com/', 'contains a user name or password'],
    ['https://example.com/#x', 'contains a fragment'],
    ['https://localhost/', 'not a public name'], ['https://localhost./', 'not a public name'], ['https://a.localhost/', 'not a public name'], ['https://LOCALHOST/', 'not a public name'],
    ['https://metadata.google.internal/', 'not a public name'], ['https://printer.local/', 'not a public name'], ['https://redis/', 'not a public name'],
    ['https://127.0.0.1/', 'loopback'], ['https://127.1/', 'loopback'], ['https://0x7f000001/', 'loopback'], ['https://2130706433/', 'loopback'], ['https://0177.0.0.1/', 'loopback'],
    ['https://127.0.0.1./', 'loopback'], ['https://①②⑦.0.0.1/', 'loopback'], ['https://169.254.169.254/latest/meta-data', 'linkLocal'],
    ['https://[::1]/', 'loopback'], ['https://[::ffff:10.0.0.1]/', 'ipv4Mapped'], ['https://[64:ff9b::a00:1]/', 'private'],
  ]
  for (const [url, reason] of expected) t.equal(reasonOf(() => checkUrl(url, live)), reason, url)
  t.equal(checkUrl('HTTPS://Hooks.Example.com:443/a/../b', live), 'https://hooks.example.com/b', 'and returned normalized')

  t.equal(reasonOf(() => checkUrl('http://hooks.example.com/', { ...live, httpsOnly: false })), null)
  t.equal(reasonOf(() => checkUrl('ftp://hooks.example.com/', { ...live, httpsOnly: false })), 'not http or https')
  t.equal(checkUrl('http://127.0.0.1:3000/in', { allowPrivate: true, httpsOnly: false }), 'http://127.0.0.1:3000/in', 'a sandbox may call its own machine')
  t.equal(reasonOf(() => checkUrl('http://u@127.0.0.1/', { allowPrivate: true, httpsOnly: false })), 'contains a user name or password')
})

t.test('connections', async t => {
  let connections = 0, requests = 0
  const server = createServer((req, res) => {
    requests++
    if (req.url === '/redirect') res.writeHead(302, { location: '/reached' })
    res.end(req.url === '/large' ? 'x'.repeat(2_000) : 'ok')
  }).on('connection', () => { connections++ })
  const { port } = await listening(server)
  t.teardown(() => server.close())
  t.beforeEach(() => { connections = requests = 0 })

  /** The status and body of a call, or the reason or code of its failure. */
  async function call (dispatcher: Agent, url: string): Promise<unknown> {
    try {
      const { statusCode, body } = await request(url, { dispatcher })
      return [statusCode, await body.text()]
    } catch (error) {
      if (error instanceof Problem) return error.details['reason']
      return error instanceof Error && 'code' in error ? error.code : error
    } finally {
      await dispatcher.close()
    }
  }
  const to = (...addresses: string[]): Resolve => (hostname, done) => done(null, addresses.map(address => ({ address, family: address.includes(':') ? 6 : 4 })))

  t.test('to this machine are refused before a byte leaves, by number and by name', async t => {
    for (const host of ['127.0.0.1', '2130706433', '[::1]', '[::ffff:127.0.0.1]']) t.match(await call(guardedAgent({ allowPrivate: false }), `http://${host}:${port}/`), /^(loopback|ipv4Mapped)$/, host)
    t.equal(await call(guardedAgent({ allowPrivate: false }), `https://127.0.0.1:${port}/`), 'loopback')
    t.equal(await call(guardedAgent({ allowPrivate: false }), `http://localhost:${port}/`), 'loopback')
    t.equal(connections, 0)
  })
  t.test('are refused if any address of the name is not public, because the next one tried could be it', async t => {
    t.equal(await call(guardedAgent({ allowPrivate: false, resolve: to('8.8.8.8', '127.0.0.1') }), `http://a.test:${port}/`), 'loopback')
    t.equal(await call(guardedAgent({ allowPrivate: false, resolve: to('2606:4700:4700::1111', '64:ff9b::7f00:1') }), `http://a.test:${port}/`), 'loopback')
    t.equal(await call(guardedAgent({ allowPrivate: false, resolve: to() }), `http://a.test:${port}/`), 'ENOTFOUND')
    t.equal(connections, 0)
  })
  t.test('name a failed lookup as what it is', async t => {
    const failing: Resolve = (hostname, done) => done(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }), [])
    t.equal(await call(guardedAgent({ allowPrivate: false, resolve: failing }), `http://a.test:${port}/`), 'ENOTFOUND')
  })
  t.test('whose peer turns out to be private are closed unused, however the name was looked up', async t => {
    const lying = buildConnector({ lookup: (hostname, { all }, done) => all ? done(null, [{ address: '127.0.0.1', family: 4 }]) : done(null, '127.0.0.1', 4) })
    t.equal(await call(new Agent({ connect: guardedConnector(lying) }), `http://a.test:${port}/`), 'loopback')
    t.same([connections, requests], [1, 0])
  })
  t.test('to private addresses work where they are allowed, straight and without following redirects', async t => {
    const proxy = process.env['HTTP_PROXY']
    process.env['HTTP_PROXY'] = process.env['http_proxy'] = 'http://127.0.0.1:1'
    t.teardown(() => {
      delete process.env['http_proxy']
      if (proxy === undefined) delete process.env['HTTP_PROXY']
      else process.env['HTTP_PROXY'] = proxy
    })
    t.same(await call(guardedAgent({ allowPrivate: true }), `http://127.0.0.1:${port}/`), [200, 'ok'])
    t.same(await call(guardedAgent({ allowPrivate: true }), `http://localhost:${port}/`), [200, 'ok'])
    t.same(await call(guardedAgent({ allowPrivate: true, resolve: to('127.0.0.1') }), `http://a.test:${port}/`), [200, 'ok'])
    t.same(await call(guardedAgent({ allowPrivate: true }), `http://127.0.0.1:${port}/redirect`), [302, 'ok'])
    t.equal(connections, 4)
  })
  t.test('end when the answer is larger than allowed', async t => {
    t.equal(await call(guardedAgent({ allowPrivate: true, responseBytesMax: 1_000 }), `http://127.0.0.1:${port}/large`), 'UND_ERR_RES_EXCEEDED_MAX_SIZE')
    t.same(await call(guardedAgent({ allowPrivate: true, responseBytesMax: 2_000 }), `http://127.0.0.1:${port}/large`), [200, 'x'.repeat(2_000)])
  })
})

async function listening (server: Server): Promise<AddressInfo> {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the server listens on a port')
  return address
}
