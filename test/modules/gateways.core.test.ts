import { createHmac } from 'node:crypto'
import t from 'tap'
import { fill, readAdapter } from '../../src/modules/gateways/adapter.core.ts'
import type { Adapter } from '../../src/modules/gateways/adapter.core.ts'
import { twilio as twilioData } from '../../src/modules/gateways/adapters/twilio.core.ts'
import { callbackOf, isSigned } from '../../src/modules/gateways/callback.core.ts'
import type { Sent } from '../../src/modules/gateways/callback.core.ts'
import { GatewayUnfit, adapters, answerOf, checkSettings, requestFor } from '../../src/modules/gateways/core.ts'
import type { AdapterId, Answered, Message } from '../../src/modules/gateways/core.ts'

const { recoup, twilio, vonage, sinch } = adapters
const message: Message = { to: '+447700900000', text: 'You owe 10.00', key: 'msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', from: '+15017122661', url: null, callbackUrl: 'https://recoup.example.com/v1/gateway-callbacks/gtw_1' }
const form = (fields: Record<string, string>): Buffer => Buffer.from(new URLSearchParams(fields).toString())
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value))

t.test('a message is posted as each provider wants it', async t => {
  t.same(requestFor(recoup, { token: 's3cret' }, { ...message, from: null, url: 'https://sms.example.com/send?v=1', callbackUrl: null }), {
    method: 'POST', url: 'https://sms.example.com/send?v=1', headers: { 'content-type': 'application/json', 'idempotency-key': message.key, authorization: 'Bearer s3cret' },
    body: '{"to":"+447700900000","text":"You owe 10.00","key":"msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44"}',
  }, 'what is not known is left out')
  t.notOk('authorization' in requestFor(recoup, {}, { ...message, url: 'https://sms.example.com' }).headers, 'no token, no header')

  const byTwilio = requestFor(twilio, { accountSid: 'AC/../x', authToken: 'tok' }, message)
  t.equal(byTwilio.url, 'https://api.twilio.com/2010-04-01/Accounts/AC%2F..%2Fx/Messages.json', 'a credential cannot lead the path elsewhere')
  t.equal(byTwilio.headers['authorization'], `Basic ${Buffer.from('AC/../x:tok').toString('base64')}`)
  t.same(Object.fromEntries(new URLSearchParams(byTwilio.body)), { To: '+447700900000', Body: 'You owe 10.00', From: '+15017122661', StatusCallback: `${message.callbackUrl}?message=${message.key}` })
  const service = `MG${'0a'.repeat(16)}`
  t.same([...new URLSearchParams(requestFor(twilio, { accountSid: 'AC', authToken: 't' }, { ...message, from: service, callbackUrl: null }).body).keys()], ['To', 'Body', 'MessagingServiceSid'], 'a messaging service is named as one')
  t.equal(requestFor(twilio, { accountSid: 'AC', authToken: 't' }, { ...message, url: 'https://api.dublin.ie1.twilio.com/' }).url, 'https://api.dublin.ie1.twilio.com/2010-04-01/Accounts/AC/Messages.json')
  t.equal(requestFor(twilio, { accountSid: 'AC', authToken: 't' }, { ...message, url: 'https://proxy.example.com/twilio?via=1' }).url, 'https://proxy.example.com/twilio/2010-04-01/Accounts/AC/Messages.json?via=1')

  const byVonage = requestFor(vonage, { apiKey: 'k', apiSecret: 's', signatureSecret: 'z' }, { ...message, from: 'AcmeInc' })
  t.equal(byVonage.url, 'https://rest.nexmo.com/sms/json')
  t.same(Object.fromEntries(new URLSearchParams(byVonage.body)), { to: '447700900000', from: 'AcmeInc', text: 'You owe 10.00', type: 'text', 'client-ref': message.key, callback: message.callbackUrl! })
  t.equal(new URLSearchParams(requestFor(vonage, {}, { ...message, text: '您好' }).body).get('type'), 'unicode', 'what GSM cannot write goes as Unicode')
  t.notMatch(byVonage.body, /=z\b/, 'what signs callbacks is not sent')

  const bySinch = requestFor(sinch, { servicePlanId: 'plan', apiToken: 'tok', webhookSecret: 'z' }, { ...message, from: null })
  t.equal(bySinch.url, 'https://us.sms.api.sinch.com/xms/v1/plan/batches')
  t.equal(bySinch.headers['authorization'], 'Bearer tok')
  t.same(JSON.parse(bySinch.body), { type: 'mt_text', to: ['+447700900000'], body: 'You owe 10.00', delivery_report: 'per_recipient_final', client_reference: message.key, callback_url: message.callbackUrl })
  t.equal((JSON.parse(requestFor(sinch, { servicePlanId: 'p', apiToken: 't' }, { ...message, text: 'pay {to} "now"\n$& ' }).body) as { body: string }).body, 'pay {to} "now"\n$& ', 'a text is sent as it is')
})

t.test('an answer says that a message was taken, never will be, or may be tried again', async t => {
  const taken = (providerId: string | null): Answered => ({ outcome: 'taken', providerId })
  const rows: [Adapter, number, string, Answered | Answered['outcome']][] = [
    [recoup, 202, '{"id":"sms-1"}', taken('sms-1')], [recoup, 200, '{"id":17}', taken('17')], [recoup, 200, 'OK', taken(null)], [recoup, 200, '{"id":{"a":1}}', taken(null)],
    [recoup, 400, '', 'final'], [recoup, 410, '', 'final'], [recoup, 422, '', 'final'], [recoup, 401, '', 'again'], [recoup, 404, '', 'again'], [recoup, 429, '', 'again'], [recoup, 503, '', 'again'], [recoup, 302, '', 'again'],
    [twilio, 201, '{"sid":"SM87105da94bff44b999e4e6eb90d8eb6a","status":"queued","error_code":null}', taken('SM87105da94bff44b999e4e6eb90d8eb6a')],
    [twilio, 400, '{"code":21211,"message":"Invalid \'To\' Phone Number","status":400}', { outcome: 'final', code: '400 21211' }],
    [twilio, 400, '{"code":21610}', 'final'], [twilio, 400, '{"code":21614}', 'final'], [twilio, 400, '{"code":21635}', 'final'], [twilio, 400, '{"code":21617}', 'final'],
    [twilio, 400, '{"code":21606}', 'again'], [twilio, 401, '{"code":20003}', 'again'], [twilio, 429, '{"code":20429}', 'again'], [twilio, 500, '<html>', 'again'],
    [vonage, 200, '{"message-count":"1","messages":[{"to":"447700900000","message-id":"0C000000217B7F02","status":"0","remaining-balance":"15.53590000"}]}', taken('0C000000217B7F02')],
    [vonage, 200, '{"message-count":"1","messages":[{"status":"1","error-text":"Throttled"}]}', { outcome: 'again', code: '200 1' }],
    [vonage, 200, '{"messages":[{"status":"6"}]}', 'final'], [vonage, 200, '{"messages":[{"status":"7"}]}', 'final'], [vonage, 200, '{"messages":[{"status":"12"}]}', 'final'], [vonage, 200, '{"messages":[{"status":"33"}]}', 'final'],
    [vonage, 200, '{"messages":[{"status":"4"}]}', 'again'], [vonage, 200, '{"messages":[{"status":"9"}]}', 'again'], [vonage, 200, '{"messages":[]}', 'again'], [vonage, 200, 'not JSON', 'again'],
    [sinch, 201, '{"id":"01FC66621XXXXX119Z8PMV1QPQ","type":"mt_text"}', taken('01FC66621XXXXX119Z8PMV1QPQ')], [sinch, 400, '{"code":"syntax_invalid_parameter_format"}', 'final'], [sinch, 403, '', 'again'], [sinch, 500, '', 'again'],
  ]
  for (const [adapter, status, body, expected] of rows) {
    const answer = answerOf(adapter, status, body)
    if (typeof expected === 'string') t.equal(answer.outcome, expected, `${adapter.id} ${status} ${body}`)
    else t.same(answer, expected, `${adapter.id} ${status} ${body}`)
  }
  t.match(answerOf(recoup, 200, JSON.stringify({ id: `a\n${'b'.repeat(500)}` })), { outcome: 'taken', providerId: `a ${'b'.repeat(198)}` }, 'an id is kept without control characters, and not whole if it is endless')
})

t.test('the signatures that providers publish as examples are believed, and nothing else is', async t => {
  const sent = (more: Partial<Sent>): Sent => ({ urls: ['https://example.com/'], headers: {}, isForm: false, body: Buffer.alloc(0), ...more })
  const now = 1_634_579_400

  // twilio.com/docs/usage/security
  const call = { CallSid: 'CA1234567890ABCDE', Caller: '+14158675309', Digits: '1234', From: '+14158675309', To: '+18005551212' }
  const twilioSent = sent({ urls: ['https://mycompany.com/myapp.php?foo=1&bar=2'], isForm: true, body: form(call), headers: { 'x-twilio-signature': 'RSOYDt4T1cUTdK1PDd93/VVr8B8=' } })
  t.ok(isSigned(twilio, '12345', twilioSent, now))
  t.ok(isSigned(twilio, '12345', { ...twilioSent, urls: ['http://localhost/', ...twilioSent.urls] }, now), 'by any address it may have been sent to')
  t.notOk(isSigned(twilio, '12346', twilioSent, now))
  t.notOk(isSigned(twilio, '12345', { ...twilioSent, urls: ['https://mycompany.com/myapp.php?foo=1&bar=3'] }, now))
  t.notOk(isSigned(twilio, '12345', { ...twilioSent, body: form({ ...call, Digits: '9999' }) }, now))
  t.notOk(isSigned(twilio, '12345', { ...twilioSent, headers: {} }, now))
  // The example of its libraries with a name given more than once.
  const repeated = sent({ urls: twilioSent.urls, isForm: true, body: Buffer.from('Sid=CA123&SidAccount=AC123&Digits=5678&Digits=1234&Digits=1234'), headers: { 'x-twilio-signature': 'IK+Dwps556ElfBT0I3Rgjkr1wJU=' } })
  t.ok(isSigned(twilio, '12345', repeated, now))

  // The example of Vonage's libraries: a message that came in 2013.
  const came = { 'message-timestamp': '2013-11-21 15:27:30', messageId: '020000001B0FE827', msisdn: '14843472194', text: 'Test again', timestamp: '1385047698', to: '13239877404', type: 'text', sig: 'DDB8397C2B90AAC7F3882D306475C9A5058C92322EEF43C92B298B6E0FC0D330' }
  const vonageSent = sent({ body: json(came) })
  const then = 1_385_047_700
  t.ok(isSigned(vonage, 'my_secret_key_for_testing', vonageSent, then))
  t.ok(isSigned(vonage, 'my_secret_key_for_testing', { ...vonageSent, isForm: true, body: form({ ...came, sig: came.sig.toLowerCase() }) }, then), 'as a form, and in small letters')
  t.ok(isSigned(vonage, 'my_secret_key_for_testing', vonageSent, then + 80_000), 'sent again a day later')
  t.notOk(isSigned(vonage, 'my_secret_key_for_testing', vonageSent, now), 'not years later')
  t.notOk(isSigned(vonage, 'another', vonageSent, then))
  t.notOk(isSigned(vonage, 'my_secret_key_for_testing', { ...vonageSent, body: json({ ...came, text: 'STOP' }) }, then))

  // The example of Sinch's libraries for its webhooks.
  const event = '{"app_id":"","accepted_time":"2021-10-18T17:49:13.813615Z","project_id":"e2df3a34-a71b-4448-9db5-a8d2baad28e4","contact_create_notification":{"contact":{"id":"01FJA8B466Y0R2GNXD78MD9SM1","channel_identities":[{"channel":"SMS","identity":"48123456789","app_id":""}],"display_name":"New Test Contact","email":"new.contact@email.com","external_id":"","metadata":"","language":"EN_US"}},"message_metadata":""}'
  const sinchHeaders = { 'x-sinch-webhook-signature': '6bpJoRmFoXVjfJIVglMoJzYXxnoxRujzR4k2GOXewOE=', 'x-sinch-webhook-signature-nonce': '01FJA8B4A7BM43YGWSG9GBV067', 'x-sinch-webhook-signature-timestamp': '1634579353' }
  const sinchSent = sent({ body: Buffer.from(event), headers: sinchHeaders })
  t.ok(isSigned(sinch, 'foo_secret1234', sinchSent, now))
  t.notOk(isSigned(sinch, 'foo_secret1234', sinchSent, now + 200_000))
  t.notOk(isSigned(sinch, 'foo_secret1234', { ...sinchSent, headers: { ...sinchHeaders, 'x-sinch-webhook-signature-nonce': 'other' } }, now))
  t.notOk(isSigned(sinch, 'foo_secret1234', { ...sinchSent, body: Buffer.from(event.replace('New', 'Old')) }, now))

  // Our own shape.
  const body = json({ eventId: 'e' })
  const ours = (at: string): Sent => sent({ body, headers: { 'gateway-timestamp': at, 'gateway-signature': `v1,${createHmac('sha256', 'gws_x').update(`${at}.`).update(body).digest('base64')}` } })
  t.ok(isSigned(recoup, 'gws_x', ours(String(now - 299)), now))
  for (const at of [String(now - 301), String(now + 301), '', 'now', '1e9', ' 1634579400']) t.notOk(isSigned(recoup, 'gws_x', ours(at), now), `timestamp ${at}`)
})

t.test('callbacks mean what their provider says', async t => {
  const id = 'msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44'
  const url = `https://recoup.example.com/v1/gateway-callbacks/gtw_1?message=${id}`
  const told = (adapter: Adapter, body: Buffer, isForm: boolean, address = url) => callbackOf(adapter, { urls: [address], isForm, body })
  const status = (MessageStatus: string, more: Record<string, string> = {}) => told(twilio, form({ MessageSid: 'SM1', MessageStatus, From: '+15017122661', To: '+447700900000', ...more }), true)
  t.same(status('delivered'), { eventId: 'SM1:delivered', type: 'delivered', messageId: id })
  t.same(status('undelivered', { ErrorCode: '30003' }), { eventId: 'SM1:undelivered', type: 'failed', messageId: id })
  t.same(status('undelivered', { ErrorCode: '30005' }), { eventId: 'SM1:undelivered', type: 'bounced', messageId: id })
  t.same(status('delivered', { ErrorCode: '30005' }), { eventId: 'SM1:delivered', type: 'delivered', messageId: id })
  for (const word of ['queued', 'sent', 'toString', '']) t.equal(status(word), 'nothing', word)
  t.same(told(twilio, form({ MessageSid: 'SM1', MessageStatus: 'failed' }), true, 'https://recoup.example.com/x?message=drop'), { eventId: 'SM1:failed', type: 'failed', providerId: 'SM1' }, 'by the provider\'s id where ours is none')
  t.equal(told(twilio, form({ MessageStatus: 'failed' }), true), null, 'a receipt of nothing')
  const inbound = { MessageSid: 'SM2', SmsStatus: 'received', From: '+447700900000', To: '+15017122661', Body: 'STOP' }
  t.same(told(twilio, form(inbound), true), { eventId: 'SM2', type: 'reply', from: '+447700900000', text: 'STOP' })
  t.match(told(twilio, form({ ...inbound, Body: 'no more!', OptOutType: 'STOP' }), true), { isOptOut: true }, 'a word of the agency\'s own that the provider knows')
  t.same(told(twilio, form({ ...inbound, OptOutType: 'HELP', Body: 'HELP' }), true), { eventId: 'SM2', type: 'reply', from: '+447700900000', text: 'HELP' })

  // developer.vonage.com/messaging/sms/guides/delivery-receipts and inbound-sms
  const receipt = { 'err-code': '0', 'message-timestamp': '2018-10-25 12:10:29', messageId: '0B00000127FDBC63', msisdn: '447547232824', 'network-code': '23410', price: '0.03330000', scts: '1810251310', status: 'delivered', to: 'Nexmo CLI' }
  t.same(told(vonage, json(receipt), false), { eventId: '0B00000127FDBC63:delivered', type: 'delivered', providerId: '0B00000127FDBC63' })
  t.same(told(vonage, form({ ...receipt, 'client-ref': id, status: 'failed', 'err-code': '3' }), true), { eventId: '0B00000127FDBC63:failed', type: 'bounced', messageId: id })
  t.equal(told(vonage, json({ ...receipt, status: 'buffered' }), false), 'nothing')
  t.same(told(vonage, json({ msisdn: '447700900001', to: '447700900000', messageId: '0A0000000123ABCD1', text: 'Hello world', type: 'text', keyword: 'HELLO' }), false),
    { eventId: '0A0000000123ABCD1', type: 'reply', from: '+447700900001', text: 'Hello world' })

  // developers.sinch.com: the examples of its libraries.
  const report = { at: '2024-06-06T08:17:19.210Z', batch_id: '01W4FFL35P4NC4K35SMSBATCH9', client_reference: 'client-ref', code: 0, recipient: '12017777777', status: 'Delivered', type: 'recipient_delivery_report_sms' }
  t.same(told(sinch, json(report), false), { eventId: '01W4FFL35P4NC4K35SMSBATCH9:Delivered', type: 'delivered', providerId: '01W4FFL35P4NC4K35SMSBATCH9' })
  t.same(told(sinch, json({ ...report, code: 412, status: 'Aborted', client_reference: id }), false), { eventId: '01W4FFL35P4NC4K35SMSBATCH9:Aborted', type: 'failed', messageId: id })
  t.same(told(sinch, json({ id: '01W4FFL35P4NC4K35SMSBATCH8', from: '12015555555', to: '12017777777', body: 'Hello John! 👋', type: 'mo_text' }), false),
    { eventId: '01W4FFL35P4NC4K35SMSBATCH8', type: 'reply', from: '+12015555555', text: 'Hello John! 👋' })

  for (const broken of ['', '[]', 'null', '{"status":', '{"status":{}}']) t.ok([null, 'nothing'].includes(told(sinch, Buffer.from(broken), false) as null), `means nothing: ${broken}`)
  t.notMatch(JSON.stringify([status('delivered'), told(vonage, json(receipt), false), told(sinch, json(report), false)]), /4475|12017|4477/, 'no event is named by a number')
})

t.test('settings that an adapter cannot work with are refused, with everything that is wrong', async t => {
  const fault = (adapter: AdapterId, more: Partial<Parameters<typeof checkSettings>[0]>): string[] => {
    try {
      checkSettings({ channel: 'sms', adapter, credentials: {}, url: null, senderId: null, ...more })
      return []
    } catch (error) {
      t.match(error, { code: GatewayUnfit.code })
      return (error as { refusal: { violations: { pointer: string }[] } }).refusal.violations.map(({ pointer }) => pointer)
    }
  }
  t.same(fault('recoup', {}), [])
  t.same(fault('recoup', { channel: 'email' }), [])
  t.same(fault('recoup', { channel: 'email', url: 'https://mail.example.com' }), ['/url'])
  t.same(fault('twilio', {}), ['/credentials/accountSid', '/credentials/authToken', '/senderId'])
  t.same(fault('twilio', { credentials: { accountSid: 'AC', authToken: 't', token: 'x' }, senderId: '+1', channel: 'email' }), ['/credentials/token', '/channel'])
  t.same(fault('vonage', { credentials: { apiKey: 'k', apiSecret: 's' }, senderId: 'Acme' }), ['/credentials/signatureSecret'])
  t.same(fault('sinch', { credentials: { servicePlanId: 'p', apiToken: 't', webhookSecret: 'w' } }), [])
})

t.test('an adapter is read whole or stops the boot', async t => {
  t.throws(() => readAdapter({ ...twilioData, posting: { ...twilioData.posting, path: '/{account}' } }), /gateway adapter twilio: posts the unknown account/)
  t.throws(() => readAdapter({ ...twilioData, posting: { ...twilioData.posting, address: 'http://api.twilio.com' } }), /twilio/)
  t.throws(() => readAdapter({ ...twilioData, signing: { ...twilioData.signing, key: 'secrets' } }), /signs with the unknown secrets/)
  t.throws(() => readAdapter({ ...twilioData, signing: { ...twilioData.signing, over: '{uri}' } }), /signs the unknown uri/)
  t.throws(() => readAdapter({ ...twilioData, signing: { ...twilioData.signing, over: '{timestamp}{body}' } }), /signs a timestamp/)
  t.throws(() => readAdapter({ ...twilioData, meaning: { ...twilioData.meaning, receipts: { ...twilioData.meaning.receipts, kinds: { delivered: 'arrived' } } } }), /twilio/)
  t.throws(() => readAdapter({ ...twilioData, retries: 3 }), /twilio/)
  t.throws(() => readAdapter(null), /without an id/)
  t.equal(fill('{a}{b}', name => name === 'a' ? '{b}' : '$&'), '{b}$&', 'what is filled in is not read again')
  t.equal(fill('{a}{c}', name => name === 'a' ? 'x' : undefined), null)
})
