import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { AddressForbidden, Conflict, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { gatewayChannels } from './adapter.core.ts'
import { activateGateway, createGateway, disableGateway, rotateGatewayCredentials, rotateGatewaySecret } from './commands.ts'
import { GatewaySecretForeign, GatewayUnfit, adapterIds, adapters, gatewayStates } from './core.ts'
import { listGateways } from './db.ts'

const channel = OneOf(gatewayChannels, 'What it sends.')
const adapter = OneOf(adapterIds, `How it is spoken to, and speaks: ${adapterIds.map(id => `\`${id}\`${id === 'recoup' ? ': our own shape' : ''}`).join(', ')}.`)

const shown = {
  id: IdOf('gateway'), channel, adapter, state: OneOf(gatewayStates, '`disabled`: it is given no more messages; what it tells of those it has still counts.'),
  url: Nullable(Type.String({ description: 'Its address, where it is not the adapter\'s own.' })), senderId: Nullable(Type.String({ description: 'What recipients see a message is from.' })), createdAt: Instant,
}
const Gateway = Type.Object(shown, { title: 'Gateway' })
const GatewayWithSecret = Type.Object({ ...shown, secret: Nullable(Type.String({ description: 'What signs its callbacks, shown only now. Null: the provider signs with a secret of its own.' })) }, { title: 'GatewayWithSecret' })

const names = [...new Set(adapterIds.flatMap(id => adapters[id].credentials.map(({ name }) => name)))].sort()
const meaningOf = (wanted: string): string => adapterIds.flatMap(id => adapters[id].credentials.filter(({ name }) => name === wanted).map(({ meaning, isRequired }) => `\`${id}\`: ${meaning}${isRequired ? '' : ', if it wants one'}`)).join('; ')

/** What opens a provider's door, by the adapter's own names. Printable ASCII: they travel in headers. */
const Credentials = Type.Unsafe<Record<string, string>>({
  type: 'object', ...closed, description: 'What opens the provider\'s door. Sealed, and never shown again.',
  properties: Object.fromEntries(names.map(name => [name, { type: 'string', pattern: '^[\\x21-\\x7e]{1,500}$', description: `${meaningOf(name)}.` }])),
})

/** A gateway about to be added. */
export const GatewayInput = Type.Object({
  channel, adapter: Type.Optional(adapter),
  url: Type.Optional(Type.String({ minLength: 1, maxLength: 2_000, description: 'Where it takes messages: for `recoup` the whole address, without which messages go out by the installation and this gateway only tells what became of them; for others a regional address instead of the usual one. It is shown: put no secret in it.', examples: ['https://sms.example.com/send'] })),
  credentials: Type.Optional(Credentials),
  senderId: Type.Optional(Type.String({ pattern: '^[^\\u0000-\\u0020\\u007f]([^\\u0000-\\u001f\\u007f]{0,38}[^\\u0000-\\u0020\\u007f])?$', description: 'The number or name that recipients see, as the provider wants it; for `twilio` also a messaging service.', examples: ['+14155550100'] })),
}, { title: 'GatewayInput', ...closed, examples: [{ channel: 'sms' }, { channel: 'sms', adapter: 'twilio', senderId: '+14155550100', credentials: { accountSid: 'AC00000000000000000000000000000000', authToken: '0123456789abcdef0123456789abcdef' } }] })
export type GatewayInput = Static<typeof GatewayInput>

const CredentialsInput = Type.Object({ credentials: Credentials }, { title: 'GatewayCredentialsInput', ...closed, examples: [{ credentials: { token: 'a-new-token' } }] })

export const api: Api = (app, { vault, machine }) => {
  const tags = ['gateways']
  const path = Type.Object({ gatewayId: IdOf('gateway') })

  app.post('/v1/gateways', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'createGateway', tags, summary: 'Add a gateway',
      description: `Adds a provider of mail or SMS, active at once; the one active for the channel before is disabled. It is given your messages, and tells at \`receiveGatewayCallback\` what became of them. ${adapterIds.filter(id => id !== 'recoup').map(id => `\`${id}\` takes ${adapters[id].credentials.map(({ name }) => `\`${name}\``).join(', ')}${adapters[id].posting.needsSender ? ' and needs a sender' : ''}.`).join(' ')} Where you set at the provider where it tells you of messages and answers, name \`receiveGatewayCallback\` of this gateway, by POST. For \`recoup\` the answer has the secret that signs what it sends, shown only here; others sign with what their credentials hold.`,
      body: GatewayInput, response: { 201: GatewayWithSecret, ...problems(GatewayUnfit, AddressForbidden, Conflict) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createGateway(tx, vault, req.body, randomBytes(32), machine.outside.allowPrivate))))

  app.get('/v1/gateways', {
    config: { scope: 'outreach:read' },
    schema: { operationId: 'listGateways', tags, summary: 'List gateways', description: 'Your providers, by id, without their secrets and credentials.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Gateway, 'GatewayPage') } },
  }, async req => await req.tx(async tx => await listGateways(tx, keyset(req.query))))

  app.post('/v1/gateways/:gatewayId/activate', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'activateGateway', tags, summary: 'Send by a gateway', description: 'Makes a gateway the active one of its channel; the one before it is disabled. Messages in hand go out as they began.',
      params: path, response: { 200: Gateway, ...problems(NotFound, Conflict) },
    },
  }, async req => await req.tx(async tx => await activateGateway(tx, req.params.gatewayId)))

  app.post('/v1/gateways/:gatewayId/disable', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'disableGateway', tags, summary: 'Send no more by a gateway', description: 'Gives a gateway no more messages: they go out by the installation\'s own until another is active. What it tells of those it has, and answers to them, still counts.',
      params: path, response: { 200: Gateway, ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => await disableGateway(tx, req.params.gatewayId)))

  app.post('/v1/gateways/:gatewayId/rotate-credentials', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'rotateGatewayCredentials', tags, summary: 'Give a gateway new credentials', description: 'Replaces all credentials of a gateway. Messages are posted with the new ones, and callbacks checked by them, from now on.',
      params: path, body: CredentialsInput, response: { 200: Gateway, ...problems(NotFound, GatewayUnfit) },
    },
  }, async req => await req.tx(async tx => await rotateGatewayCredentials(tx, vault, req.params.gatewayId, req.body.credentials)))

  app.post('/v1/gateways/:gatewayId/rotate-secret', {
    config: { scope: 'gateways:write' },
    schema: {
      operationId: 'rotateGatewaySecret', tags, summary: 'Give a gateway a new secret', description: 'Makes a new secret and refuses the old one from now on. Providers try again what is refused meanwhile. Only for adapters that sign with a secret of ours.',
      params: path, response: { 200: GatewayWithSecret, ...problems(NotFound, GatewaySecretForeign) },
    },
  }, async req => await req.tx(async tx => await rotateGatewaySecret(tx, vault, req.params.gatewayId, randomBytes(32))))
}
