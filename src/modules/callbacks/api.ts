import { Type } from 'typebox'
import { IdOf, OneOf, closed, problems } from '#kernel'
import { BodyTooLarge, InvalidRequest, UnsupportedMediaType, addBulkRoutes, bulkText, bulkTypeOf, compileInput, findPrincipal, parseJson } from '#platform'
import type { Api, Outside } from '#platform'
import { CallbackRefused, callbackOf, checkCallback, findGatewayOwner, toldKinds } from '../gateways/index.ts'
import type { SignedGateway, Told, Sent } from '../gateways/index.ts'
import { receiveGatewayCallback } from './commands.ts'
import { callbackBytesMax } from './core.ts'

const about = {
  eventId: Type.String({ minLength: 1, maxLength: 200, description: 'The provider\'s own id of what happened: a repeat of it does nothing.', examples: ['ev-7f1c'] }),
  messageId: Type.Optional(IdOf('message')),
  providerId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The provider\'s id of the message, as it answered when it took it. Without it and without `messageId`, an answer is to the last message sent to `from`.', examples: ['sms-1'] })),
}

/** What a provider tells, in our own shape. */
export const Callback = Type.Union([
  Type.Object({ ...about, type: OneOf(toldKinds, '`delivered`: it arrived; `failed`: it did not; `bounced`: it never will at that address.') }, { ...closed, title: 'DeliveryReceipt' }),
  Type.Object({
    ...about, type: Type.Literal('reply', { description: 'Somebody answered.' }), from: Type.String({ minLength: 1, maxLength: 400, description: 'Number or e-mail address it came from.', examples: ['+8613800138000'] }),
    subject: Type.Optional(Type.String({ maxLength: 1_000, description: 'Subject of an e-mail.' })), text: Type.String({ maxLength: 20_000, description: 'What it says. It is looked at for a refusal of contact and not kept.', examples: ['STOP'] }),
  }, { ...closed, title: 'MessageReply' }),
], { title: 'GatewayCallback', examples: [{ eventId: 'ev-7f1c', type: 'delivered', messageId: 'msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }] })

const checkInput = compileInput(Callback)

const types = ['application/json', 'application/x-www-form-urlencoded'] as const

/** What providers are answered that speak in their own words: a success without anything to do, in the one language that one of them insists on. */
const nothingToDo = '<?xml version="1.0" encoding="UTF-8"?><Response></Response>'

/** What a signed callback tells, in our own shape or in the provider's; `nothing`: it is of no concern. Throws `InvalidRequest`. */
function toldBy ({ adapter }: SignedGateway, sent: Sent): Told | 'nothing' {
  if (adapter.meaning === null) {
    const checked = checkInput(parseJson(sent.body))
    if ('violations' in checked) throw InvalidRequest({}, { violations: checked.violations })
    return checked.value
  }
  const told = callbackOf(adapter, sent)
  if (told === null) throw InvalidRequest({}, { violations: [{ pointer: '', message: `is not what ${adapter.name} sends` }] })
  return told
}

export const api: Api = (app, { db, vault, machine }) => {
  addBulkRoutes(app, scope => {
    scope.post('/v1/gateway-callbacks/:gatewayId', {
      config: { scope: null, limitedBy: 'gatewayId' },
      schema: {
        operationId: 'receiveGatewayCallback', tags: ['callbacks'], summary: 'Tell what became of a message',
        description: 'For providers, without a key; in our own shape or in the provider\'s, as its gateway\'s adapter says. In ours, `gateway-timestamp` is the present time in seconds since 1970, believed for 300 seconds either way; `gateway-signature` is `v1,` and the base64 of HMAC-SHA-256, keyed by the gateway\'s secret as text, over the timestamp, a full stop and the exact bytes of the body. Each event takes effect once, in any order. One about a message we do not know is kept and answered alike. A gateway may send so much in a minute, and a caller that is refused again and again is not heard for a while.',
        params: Type.Object({ gatewayId: IdOf('gateway') }), body: Callback,
        response: {
          200: { description: 'Taken, in the provider\'s own shape.', content: { 'text/xml': { schema: Type.String({ description: 'Nothing for the provider to do.' }) } } },
          202: Type.Object({ eventId: Type.String({ description: 'The event that was taken.' }) }, { title: 'CallbackTaken' }), ...problems(CallbackRefused, BodyTooLarge, UnsupportedMediaType),
        },
      },
    }, async (req, reply) => {
      const isForm = bulkTypeOf(req, types) === 'application/x-www-form-urlencoded'
      const { gatewayId } = req.params
      // Read here, because the signature is over the bytes.
      const pieces: Buffer[] = []
      for await (const piece of bulkText(req, callbackBytesMax)) pieces.push(piece)
      const headers = Object.fromEntries(Object.entries(req.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]))
      const sent: Sent = { urls: addressesOf(req, machine.outside), headers, isForm, body: Buffer.concat(pieces) }
      const owner = await findGatewayOwner(db, gatewayId)
      const principal = owner === null ? null : await findPrincipal(db, owner)
      if (principal === null) throw CallbackRefused()
      const { told, isOurs } = await db.withTenant(principal, async tx => {
        const signed = await checkCallback(tx, vault, gatewayId, sent)
        const told = toldBy(signed, sent)
        if (told !== 'nothing') await receiveGatewayCallback(tx, vault, signed, told)
        return { told, isOurs: signed.adapter.meaning === null }
      })
      if (!isOurs || told === 'nothing') return await reply.code(200).type('text/xml; charset=utf-8').serializer((text: string) => text).send(nothingToDo)
      return await reply.code(202).send({ eventId: told.eventId })
    })
  }, types)
}

/** The addresses a request may have been sent to: by the one we are known by, and as this process sees it, through whatever ends TLS in front of it. */
function addressesOf ({ host, url }: { host: string, url: string }, { publicUrl }: Outside): string[] {
  return [publicUrl, `https://${host}`, `http://${host}`].map(origin => origin + url)
}
