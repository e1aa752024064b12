import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { IdOf, Instant, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { BodyTooLarge, InvalidRequest, NotFound, UnsupportedMediaType, addBulkRoutes, bulkText, bulkTypeOf, compileInput, findPrincipal, keyset, parseJson } from '#platform'
import type { Api } from '#platform'
import { providerChannels, receiptKinds } from '../outreach/index.ts'
import { checkCallback, createGateway, receiveGatewayCallback, rotateGatewaySecret } from './commands.ts'
import { CallbackRefused, callbackBytesMax, replayWindowSeconds } from './core.ts'
import { findOwner, listGateways } from './db.ts'

const shown = { id: IdOf('gateway'), channel: OneOf(providerChannels, 'What it sends.'), createdAt: Instant }
const Gateway = Type.Object(shown, { title: 'Gateway' })
const GatewayWithSecret = Type.Object({ ...shown, secret: Type.String({ description: 'What signs its callbacks. Shown only now.' }) }, { title: 'GatewayWithSecret' })
const GatewayInput = Type.Object({ channel: OneOf(providerChannels, 'What it sends.') }, { title: 'GatewayInput', ...closed, examples: [{ channel: 'sms' }] })

const about = {
  eventId: Type.String({ minLength: 1, maxLength: 200, description: 'The provider\'s own id of what happened: a repeat of it does nothing.', examples: ['ev-7f1c'] }),
  messageId: Type.Optional(IdOf('message')),
  providerId: Type.Optional(Type.String({ minLength: 1, maxLength: 200, description: 'The provider\'s id of the message, as it answered when it took it. Without it and without `messageId`, an answer is to the last message sent to `from`.', examples: ['sms-1'] })),
}

/** What a provider tells. */
export const Callback = Type.Union([
  Type.Object({ ...about, type: OneOf(receiptKinds, '`delivered`: it arrived; `failed`: it did not; `bounced`: it never will at that address.') }, { ...closed, title: 'DeliveryReceipt' }),
  Type.Object({
    ...about, type: Type.Literal('reply', { description: 'Somebody answered.' }), from: Type.String({ minLength: 1, maxLength: 400, description: 'Number or e-mail address it came from.', examples: ['+8613800138000'] }),
    subject: Type.Optional(Type.String({ maxLength: 1_000, description: 'Subject of an e-mail.' })), text: Type.String({ maxLength: 20_000, description: 'What it says. It is looked at for a refusal of contact and not kept.', examples: ['STOP'] }),
  }, { ...closed, title: 'MessageReply' }),
], { title: 'GatewayCallback', examples: [{ eventId: 'ev-7f1c', type: 'delivered', messageId: 'msg_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }] })
export type Callback = Static<typeof Callback>

const checkInput = compileInput(Callback)

const manage: Api = (app, { vault }) => {
  const tags = ['gateways']
  const path = Type.Object({ gatewayId: IdOf('gateway') })

  app.post('/v1/gateways', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'createGateway', tags, summary: 'Add a gateway', description: 'Adds a provider of mail or SMS that tells you what became of messages, at `receiveGatewayCallback`. The answer has the secret that signs what it sends; it is shown only here.',
      body: GatewayInput, response: { 201: GatewayWithSecret },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createGateway(tx, vault, req.body.channel, randomBytes(32)))))

  app.get('/v1/gateways', {
    config: { scope: 'outreach:read' },
    schema: { operationId: 'listGateways', tags, summary: 'List gateways', description: 'Providers that report to you, by id, without their secrets.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Gateway, 'GatewayPage') } },
  }, async req => await req.tx(async tx => await listGateways(tx, keyset(req.query))))

  app.post('/v1/gateways/:gatewayId/rotate-secret', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'rotateGatewaySecret', tags, summary: 'Give a gateway a new secret', description: 'Makes a new secret and refuses the old one from now on. Providers try again what is refused meanwhile.',
      params: path, response: { 200: GatewayWithSecret, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => await rotateGatewaySecret(tx, vault, req.params.gatewayId, randomBytes(32))))
}

const receive: Api = (app, { db, vault }) => {
  addBulkRoutes(app, scope => {
    scope.post('/v1/gateway-callbacks/:gatewayId', {
      config: { scope: null },
      schema: {
        operationId: 'receiveGatewayCallback', tags: ['gateways'], summary: 'Tell what became of a message',
        description: `For providers, without a key. \`gateway-timestamp\` is the present time in seconds since 1970, believed for ${replayWindowSeconds} seconds either way; \`gateway-signature\` is \`v1,\` and the base64 of HMAC-SHA-256, keyed by the gateway's secret as text, over the timestamp, a full stop and the exact bytes of the body. Each event takes effect once, in any order. One about a message we do not know is kept and answered alike.`,
        params: Type.Object({ gatewayId: IdOf('gateway') }), body: Callback,
        response: { 202: Type.Object({ eventId: Type.String({ description: 'The event that was taken.' }) }, { title: 'CallbackTaken' }), ...problems(CallbackRefused, BodyTooLarge, UnsupportedMediaType) },
      },
    }, async (req, reply) => {
      bulkTypeOf(req, ['application/json'])
      const { gatewayId } = req.params
      // Read here, because the signature is over the bytes.
      const pieces: Buffer[] = []
      for await (const piece of bulkText(req, callbackBytesMax)) pieces.push(piece)
      const body = Buffer.concat(pieces)
      const owner = await findOwner(db, gatewayId)
      const principal = owner === null ? null : await findPrincipal(db, owner)
      if (principal === null) throw CallbackRefused()
      const eventId = await db.withTenant(principal, async tx => {
        const signed = await checkCallback(tx, vault, { gatewayId, timestamp: String(req.headers['gateway-timestamp'] ?? ''), signature: String(req.headers['gateway-signature'] ?? ''), body })
        const checked = checkInput(parseJson(body))
        if ('violations' in checked) throw InvalidRequest({}, { violations: checked.violations })
        await receiveGatewayCallback(tx, vault, signed, checked.value)
        return checked.value.eventId
      })
      return await reply.code(202).send({ eventId })
    })
  }, ['application/json'])
}

export const api: Api = (app, services) => {
  manage(app, services)
  receive(app, services)
}
