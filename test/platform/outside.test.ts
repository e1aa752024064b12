import { createServer as createHttpServer } from 'node:http'
import type { IncomingHttpHeaders } from 'node:http'
import { createServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import t from 'tap'
import type { Test } from 'tap'
import { permitOf, permitToken } from '../../src/modules/contacts/permits.core.ts'
import { idOf } from '../../src/kernel/index.ts'
import type { PermitToken } from '../../src/kernel/index.ts'
import type { NotTaken } from '../../src/platform/outside.ts'
import { smsSender } from '../../src/platform/outside/sms.ts'
import { smtpSender } from '../../src/platform/outside/smtp.ts'
import { mailboxSender } from '../../src/platform/outside/mailbox.ts'
import { mailbox } from '../../src/platform/tables.ts'
import { findTenant } from '../../src/platform/jobs/run.ts'
import { strangeId, world } from '../world.ts'

const tenantId = 'ten_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' as const
const key = 'msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44'

/** What every letter leaves with. */
const permit = permitToken(permitOf(idOf('contactAttempt', '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44')), new Date(0), () => Buffer.alloc(16))

/** How a letter was refused. */
const refusal = async (sent: Promise<unknown>): Promise<{ isFinal: boolean, message: string }> => await sent.then(
  () => { throw new Error('it was taken') }, ({ isFinal, message }: NotTaken) => ({ isFinal, message }))

const listen = async (t: Test, server: Server): Promise<number> => {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => { sockets.add(socket) })
  await new Promise<void>(resolve => { server.listen(0, '127.0.0.1', resolve) })
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

/** A mail server that keeps what it takes. `replies` changes its answer to a command; an empty one is silence. */
async function mailServer (t: Test, replies: Record<string, string> = {}) {
  const mails: { from: string, to: string[], text: string }[] = []
  const server = createServer(socket => {
    let rest = ''
    let inData = false
    let mail = { from: '', to: [] as string[], text: '' }
    const say = (command: string, usual: string): void => {
      const line = replies[command] ?? usual
      if (line !== '') socket.write(`${line}\r\n`)
    }
    const onLine = (line: string): void => {
      if (inData && line !== '.') {
        mail.text += `${line}\r\n`
        return
      }
      if (inData) {
        inData = false
        if (replies['END'] === undefined) mails.push(mail)
        mail = { from: '', to: [], text: '' }
        say('END', '250 2.0.0 Ok: queued as 4F1A2')
        return
      }
      const command = line.slice(0, 4).toUpperCase()
      if (command === 'MAIL') mail.from = line
      if (command === 'RCPT') mail.to.push(line)
      if (command === 'DATA') inData = true
      say(command, command === 'DATA' ? '354 go on' : '250 ok')
    }
    socket.on('error', () => undefined)
    socket.on('data', chunk => {
      const lines = (rest + chunk.toString()).split('\r\n')
      rest = lines.pop()!
      for (const line of lines) onLine(line)
    })
    say('CONNECT', '220 test')
  })
  const port = await listen(t, server)
  const sender = smtpSender({ url: `smtp://127.0.0.1:${port}`, from: 'Harbour <no-reply@harbour.example>', sendTimeoutMs: 2_000 })
  t.teardown(() => { sender.close() })
  return { mails, sender }
}

t.test('an e-mail carries a Message-ID that follows from its key, so that a server can drop the repeat', async t => {
  const { mails, sender } = await mailServer(t)
  const letter = { tenantId, permit, key, to: 'li.wei@example.com', subject: '还款提醒', text: '您好\nSecond line.' }
  t.same(await sender.send(letter), { providerId: 'Ok: queued as 4F1A2' })
  await sender.send(letter)
  t.equal(mails.length, 2)
  for (const { from, to, text } of mails) {
    t.match(from, 'MAIL FROM:<no-reply@harbour.example>')
    t.equal(to.length, 1)
    t.match(to[0], 'RCPT TO:<li.wei@example.com>')
    t.match(text, `Message-ID: <${key}@harbour.example>`)
    t.match(text.replace(/\r\n /g, ' '), `List-Unsubscribe: <mailto:no-reply@harbour.example?subject=STOP%20${key}>`)
    t.match(text, 'From: Harbour <no-reply@harbour.example>')
  }
})

t.test('an e-mail with a link to refuse by offers it to people and, by https alone, to the one click of mail programs', async t => {
  const { mails, sender } = await mailServer(t)
  const letter = { tenantId, permit, key, to: 'li.wei@example.com', subject: 'Hello', text: 'Text' }
  const token = 'A'.repeat(67)
  /** The headers as they are read: folded lines put together. */
  const headersOf = async (unsubscribeUrl?: string): Promise<string[]> => {
    await sender.send({ ...letter, ...unsubscribeUrl !== undefined && { unsubscribeUrl } })
    return mails.pop()!.text.split('\r\n\r\n')[0]!.replace(/\r\n[ \t]/g, ' ').split('\r\n').filter(line => line.startsWith('List-')).sort()
  }
  const mailto = `<mailto:no-reply@harbour.example?subject=STOP%20${key}>`
  const https = `https://pay.harbour.example/v1/opt-outs/${token}`
  t.same(await headersOf(https), ['List-Unsubscribe-Post: List-Unsubscribe=One-Click', `List-Unsubscribe: <${https}>, ${mailto}`])
  t.same(await headersOf(`http://127.0.0.1:8080/v1/opt-outs/${token}`), [`List-Unsubscribe: <http://127.0.0.1:8080/v1/opt-outs/${token}>, ${mailto}`], 'RFC 8058 has one click by https only')
  t.same(await headersOf(), [`List-Unsubscribe: ${mailto}`])
  for (const link of ['', 'http://pay.harbour.example/x', 'http://localhost.harbour.example/x', 'https://a/x>, <https://b/y', 'https://a/x\r\nBcc: b@example.com', 'https://a/ x', 'https://a/ü', 'javascript:alert(1)', `https://a/${'x'.repeat(600)}`]) {
    t.match(await refusal(sender.send({ ...letter, unsubscribeUrl: link })), { isFinal: true, message: 'not a link' }, JSON.stringify(link))
  }
  t.same(mails, [])
})

t.test('nothing that could begin a header or add a recipient leaves', async t => {
  const { mails, sender } = await mailServer(t)
  const letter = { tenantId, permit, key, to: 'li.wei@example.com', subject: 'Hello', text: 'Text' }
  for (const to of ['a@example.com\r\nBcc: b@example.com', 'a@example.com, b@example.com', 'A <a@example.com>', 'a@example.com;b@example.com', '"a b"@example.com', 'example.com', '']) {
    t.match(await refusal(sender.send({ ...letter, to })), { isFinal: true }, JSON.stringify(to))
  }
  t.match(await refusal(sender.send({ ...letter, subject: 'Hello\r\nBcc: b@example.com' })), { isFinal: true })
  t.same(mails, [])
})

t.test('a refusal of the recipient is final, a failure of the server is not, and neither repeats the address', async t => {
  const cases: [replies: Record<string, string>, isFinal: boolean, message: string][] = [
    [{ RCPT: '550 5.1.1 <li.wei@example.com> unknown' }, true, 'SMTP 550'],
    [{ RCPT: '451 4.3.0 <li.wei@example.com> later' }, false, 'SMTP 451'],
    [{ END: '554 5.6.0 refused' }, true, 'SMTP 554'],
    [{ END: '452 4.3.1 full' }, false, 'SMTP 452'],
    [{ CONNECT: '554 no service' }, false, 'SMTP 554'],
  ]
  for (const [replies, isFinal, message] of cases) {
    const { sender } = await mailServer(t, replies)
    t.match(await refusal(sender.send({ tenantId, permit, key, to: 'li.wei@example.com', text: 'Text' })), { isFinal, message })
  }
})

t.test('no sender hands over what nobody permitted, whatever the types were made to believe', async t => {
  const mail = await mailServer(t)
  const sms = await gateway(t)
  const mailboxOf = mailboxSender('sms', { db: null as never, vault: null as never, findPrincipal: async () => { throw new Error('the mailbox was reached') } })
  for (const forged of ['', 'prm_1', `${permit} `, undefined]) {
    const letter = { tenantId, permit: forged as PermitToken, key, to: 'li.wei@example.com', text: 'Text' }
    t.match(await refusal(mail.sender.send(letter)), { isFinal: true, message: 'no permit' })
    t.match(await refusal(sms.sender.send({ ...letter, to: '+8613800138000' })), { isFinal: true, message: 'no permit' })
    t.match(await refusal(mailboxOf.send(letter)), { isFinal: true, message: 'no permit' })
  }
  t.same([mail.mails, sms.requests], [[], []])
})

t.test('a mail server that says nothing is given up in time', async t => {
  const { sender } = await mailServer(t, { MAIL: '' })
  t.match(await refusal(sender.send({ tenantId, permit, key, to: 'li.wei@example.com', text: 'Text' })), { isFinal: false })
})

/** An SMS gateway; `answer` says how it answers. */
async function gateway (t: Test, answer: { status?: number, body?: string } | 'silence' = {}) {
  const requests: { method: string | undefined, url: string | undefined, headers: IncomingHttpHeaders, body: string }[] = []
  const server = createHttpServer((req, res) => {
    let body = ''
    req.on('data', chunk => { body += String(chunk) })
    req.on('end', () => {
      requests.push({ method: req.method, url: req.url, headers: req.headers, body })
      if (answer !== 'silence') res.writeHead(answer.status ?? 202, { 'content-type': 'application/json', location: '/elsewhere' }).end(answer.body ?? '{"id":"sms-1"}')
    })
  })
  const port = await listen(t, server)
  const sender = smsSender({ url: `http://127.0.0.1:${port}/send?from=harbour`, token: 'secret-token', sendTimeoutMs: 1_000 })
  t.teardown(() => { void sender.close() })
  return { requests, sender }
}

t.test('an SMS goes out with its key as Idempotency-Key', async t => {
  const { requests, sender } = await gateway(t)
  t.same(await sender.send({ tenantId, permit, key, to: '+8613800138000', text: '您好' }), { providerId: 'sms-1' })
  t.match(requests, [{
    method: 'POST', url: '/send?from=harbour', headers: { authorization: 'Bearer secret-token', 'idempotency-key': key, 'content-type': 'application/json' },
    body: JSON.stringify({ to: '+8613800138000', text: '您好', key }),
  }])
})

t.test('a gateway that took the SMS took it, whatever it says; what it refuses is final or not by its status', async t => {
  const letter = { tenantId, permit, key, to: '+8613800138000', text: 'Text' }
  for (const body of ['', 'ok', '[]', '{"id":{}}']) t.same(await (await gateway(t, { body })).sender.send(letter), { providerId: null }, body)
  for (const status of [400, 422]) t.match(await refusal((await gateway(t, { status })).sender.send(letter)), { isFinal: true, message: `SMS gateway ${status}` })
  for (const status of [301, 401, 429, 500, 503]) t.match(await refusal((await gateway(t, { status })).sender.send(letter)), { isFinal: false, message: `SMS gateway ${status}` })
  t.match(await refusal((await gateway(t, 'silence')).sender.send(letter)), { isFinal: false })
  const { requests, sender } = await gateway(t)
  for (const to of ['', '+86 138', 'li.wei@example.com', '+8613800138000,+8613800138001']) t.match(await refusal(sender.send({ ...letter, to })), { isFinal: true })
  t.same(requests, [])
})

t.test('the local mailbox', async t => {
  const w = await world()
  t.teardown(w.close)
  const [us, them] = [await w.agency(), await w.agency()]
  const sms = mailboxSender('sms', { db: w.db, vault: w.vault, findPrincipal: async id => await findTenant(w.db, id) })
  const letter = { tenantId: us.id, permit, key, to: '+8613800138000', text: 'Hello' }

  t.test('keeps a letter once, however often it is sent, and sealed', async t => {
    const first = await sms.send(letter)
    t.same(await sms.send(letter), first)
    const rows = await w.tx(us, async tx => await tx.select().from(mailbox))
    t.equal(rows.length, 1)
    t.notOk(rows[0]!.body.includes('Hello'))
    t.match(await refusal(sms.send({ ...letter, tenantId })), { isFinal: true }, 'no such agency')
  })

  t.test('is shown to the operator, agency by agency, and to nobody else', async t => {
    const path = (id: string): string => `/v1/operations/mailbox?tenantId=${id}`
    await sms.send({ ...letter, key: 'msg_2' })
    const page = await w.ok<{ data: unknown[], nextCursor: string }>('operator', 'GET', `${path(us.id)}&limit=1`)
    t.match(page.data, [{ key: 'msg_2', channel: 'sms', to: '+8613800138000', text: 'Hello', subject: null, createdAt: '2026-01-05T09:00:00Z' }])
    t.match(await w.ok('operator', 'GET', `${path(us.id)}&limit=1&cursor=${page.nextCursor}`), { data: [{ key }], nextCursor: null })
    t.match(await w.ok('operator', 'GET', path(them.id)), { data: [] })
    t.match((await w.call('operator', 'GET', path(strangeId('tenant')))).json(), { status: 404 })
    t.match((await w.call(us, 'GET', path(us.id))).json(), { status: 403 })
  })
})
