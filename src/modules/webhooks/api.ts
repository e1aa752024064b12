import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import type { Static } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { AddressForbidden, CursorInvalid, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import {
  createWebhookEndpoint, deleteWebhookEndpoint, pauseWebhookEndpoint, replayEvents, resumeWebhookEndpoint, rotateWebhookSecret, testWebhookEndpoint, updateWebhookEndpoint,
} from './commands.ts'
import {
  EndpointActive, EndpointLimitReached, EndpointPaused, FilterMatchesNothing, ReplayTooLarge, SecretRefused, deliveryStates, endpointsMax, eventFilterPattern, failingHoursMax, pauseReasons, replayMax,
} from './core.ts'
import { findDelivery, findEndpoint, listDeliveries, listEndpoints } from './db.ts'
import { feed } from './feed.api.ts'

/** The bytes of a new signing secret. */
const newRandom = (): Buffer => randomBytes(32)

const Filters = Type.Array(Type.String({ pattern: eventFilterPattern, maxLength: 90 }), {
  maxItems: 50, description: 'Kinds of events to be told of: `payment.posted`, or all of a noun\'s as `payment.*`. None: all kinds.', examples: [['payment.*', 'placement.accepted']],
})
const Url = Type.String({ minLength: 1, maxLength: 2_000, description: 'Where events are posted: https, on the public internet. A sandbox on your own machine may use http and private addresses.', examples: ['https://hooks.example.com/recoup'] })
const Secret = Type.String({ maxLength: 120, pattern: '^whsec_[A-Za-z0-9+/]*=*$', description: 'Your own signing secret, `whsec_` and the base64 of 24 to 64 random bytes. Left out: we make one.' })
const Description = Text(200, 'What the endpoint is for.', ['Core banking'])
const ApiVersion = Type.Integer({ minimum: 1, maximum: 1, description: 'The version of the API whose shapes are sent.' })

const EndpointInputSchema = Type.Object({
  url: Url, filters: Type.Optional(Filters), description: Type.Optional(Description), secret: Type.Optional(Secret), apiVersion: Type.Optional(ApiVersion),
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender whose events are sent. Left out: the agency\'s, or the lender\'s own whose key is used.' })),
}, { title: 'WebhookEndpointInput', ...closed, examples: [{ url: 'https://hooks.example.com/recoup', filters: ['payment.*', 'placement.accepted'], description: 'Core banking' }] })
export type EndpointInput = Static<typeof EndpointInputSchema>

const EndpointChangeSchema = Type.Object({
  url: Type.Optional(Url), filters: Type.Optional(Filters), description: Type.Optional(Nullable(Description)),
}, { title: 'WebhookEndpointChange', ...closed, minProperties: 1, examples: [{ filters: ['payment.*'] }] })
export type EndpointChange = Static<typeof EndpointChangeSchema>

const Endpoint = Type.Object({
  id: IdOf('webhookEndpoint'), lenderId: Nullable(IdOf('lender')), url: Type.String({ description: 'Where events are posted.' }), filters: Type.Array(Type.String(), { description: 'Kinds of events it is told of; none: all.' }),
  description: Nullable(Type.String({ description: 'What the endpoint is for.' })), apiVersion: Type.Integer({ description: 'The version of the API whose shapes are sent.' }),
  state: OneOf(['active', 'paused'], 'Whether events are sent. A paused endpoint loses nothing: what happens is kept for it.'),
  pauseReason: Nullable(OneOf(pauseReasons, `Why it is paused: it took nothing for ${failingHoursMax} hours, it answered 410, or somebody asked for it.`)), pausedAt: Nullable(Instant),
  failingSince: Nullable(Type.Unsafe<string>({ ...Instant, description: 'The first failure since it last took something; null while it does.' })),
  previousSecretExpiresAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'Until when events are signed with the secret before, too.' })), createdAt: Instant,
}, { title: 'WebhookEndpoint' })
export type WebhookEndpoint = Static<typeof Endpoint>

const NewEndpoint = Type.Object({ ...Endpoint.properties, secret: Type.String({ description: 'What to verify signatures with. It is shown once; keep it safe.' }) }, { title: 'NewWebhookEndpoint' })

const SecretRotation = Type.Object({
  overlapSeconds: Type.Integer({ minimum: 0, maximum: 30 * 86_400, description: 'For how long events are signed with the old secret too.', examples: [86_400] }), secret: Type.Optional(Secret),
}, { title: 'WebhookSecretRotation', ...closed, examples: [{ overlapSeconds: 86_400 }] })

const Sequence = Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, description: 'A place in the owner\'s event feed.' })
const ReplayInputSchema = Type.Union([
  Type.Object({
    after: Type.Unsafe<number>({ ...Sequence, description: 'Events after this place in the owner\'s feed; 0: from the first.' }), upTo: Type.Optional(Type.Unsafe<number>({ ...Sequence, description: 'The last place; left out: up to now.' })),
    types: Type.Optional(Type.Unsafe<string[]>({ ...Filters, minItems: 1, description: 'Kinds of events, as filters. Left out: those the endpoint is told of.' })),
  }, closed),
  Type.Object({ eventIds: Type.Array(IdOf('event'), { minItems: 1, maxItems: 1_000, description: 'Single events, of whatever kind.' }) }, closed),
], { title: 'WebhookReplay', examples: [{ after: 1200, upTo: 1300, types: ['payment.*'] }] })
export type ReplayInput = Static<typeof ReplayInputSchema>

const DeliveryFields = {
  id: IdOf('delivery'), webhookEndpointId: IdOf('webhookEndpoint'), eventId: IdOf('event'), eventType: Type.String({ description: 'What happened.' }),
  state: OneOf(deliveryStates, '`exhausted`: every attempt of the schedule failed; replay it when the receiver is well.'), attempts: Type.Integer({ description: 'Attempts made so far.' }),
  nextAttemptAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When it is tried next, unless the endpoint is paused or failing; null: no more.' })),
  lastStatus: Nullable(Type.Integer({ description: 'HTTP status of the last answer.' })), lastError: Nullable(Type.String({ description: 'What went wrong when there was no answer.' })),
  lastAttemptAt: Nullable(Instant), deliveredAt: Nullable(Instant), createdAt: Instant,
}
const DeliveryRow = Type.Object(DeliveryFields, { title: 'Delivery' })
export type Delivery = Static<typeof DeliveryRow>

const Attempt = Type.Object({
  n: Type.Integer({ description: 'Counts the attempts of this delivery, from 1.' }), at: Instant, status: Nullable(Type.Integer({ description: 'HTTP status; null: no answer.' })),
  latencyMs: Type.Integer({ description: 'How long it took, in milliseconds.' }), answer: Nullable(Type.String({ description: 'The first KiB of the answer.' })),
  error: Nullable(Type.String({ description: 'What went wrong when there was no answer, such as `timeout` or `ECONNREFUSED`.' })),
}, { title: 'DeliveryAttempt' })
export type DeliveryAttempt = Static<typeof Attempt>
const DeliveryWithLog = Type.Object({ ...DeliveryFields, log: Type.Array(Attempt, { description: 'The attempts, the newest first; at most 100.' }) }, { title: 'DeliveryWithLog' })

const tags = ['webhooks']
const path = Type.Object({ webhookEndpointId: IdOf('webhookEndpoint') })
const read = { scope: 'webhooks:read' } as const
const write = { scope: 'webhooks:write' } as const

export const api: Api = (app, services) => {
  manage(app, services)
  operate(app, services)
  feed(app, services)
}

/** Making, changing and deleting endpoints. */
const manage: Api = (app, { vault, machine: { outside: { allowPrivate } } }) => {
  app.post('/v1/webhook-endpoints', {
    config: write,
    schema: {
      operationId: 'createWebhookEndpoint', tags, summary: 'Add an endpoint', body: EndpointInputSchema,
      description: `Events from now on are posted there, signed as Standard Webhooks says. Answers the signing secret, once. At most ${endpointsMax} for the agency and for each lender.`,
      response: { 201: NewEndpoint, ...problems(NotFound, EndpointLimitReached, AddressForbidden, FilterMatchesNothing, SecretRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createWebhookEndpoint(tx, vault, req.body, newRandom(), allowPrivate))))

  app.get('/v1/webhook-endpoints', {
    config: read,
    schema: { operationId: 'listWebhookEndpoints', tags, summary: 'List endpoints', description: 'Endpoints by id: a lender\'s key sees its own, the agency sees all.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Endpoint, 'WebhookEndpointPage'), ...problems(CursorInvalid) } },
  }, async req => await req.tx(async tx => await listEndpoints(tx, keyset(req.query))))

  app.get('/v1/webhook-endpoints/:webhookEndpointId', {
    config: read,
    schema: { operationId: 'getWebhookEndpoint', tags, summary: 'Read an endpoint', description: 'One endpoint, and how it is doing.', params: path, response: { 200: Endpoint, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await findEndpoint(tx, req.params.webhookEndpointId)))

  app.patch('/v1/webhook-endpoints/:webhookEndpointId', {
    config: write,
    schema: {
      operationId: 'updateWebhookEndpoint', tags, summary: 'Change an endpoint', description: 'Changes the address, the filters or the description; what is left out stays.', params: path, body: EndpointChangeSchema,
      response: { 200: Endpoint, ...problems(NotFound, AddressForbidden, FilterMatchesNothing) },
    },
  }, async req => await req.tx(async tx => await updateWebhookEndpoint(tx, req.params.webhookEndpointId, req.body, allowPrivate)))

  app.delete('/v1/webhook-endpoints/:webhookEndpointId', {
    config: write,
    schema: { operationId: 'deleteWebhookEndpoint', tags, summary: 'Delete an endpoint', description: 'Nothing more is sent there, and its secrets are destroyed. To stop for a while, pause it instead.', params: path, response: { 204: Type.Null({ description: 'Deleted.' }), ...problems(NotFound) } },
  }, async (req, reply) => {
    await req.tx(async tx => await deleteWebhookEndpoint(tx, req.params.webhookEndpointId))
    return await reply.code(204).send(null)
  })

  app.post('/v1/webhook-endpoints/:webhookEndpointId/rotate-secret', {
    config: write,
    schema: {
      operationId: 'rotateWebhookSecret', tags, summary: 'Replace the signing secret', description: 'Answers a new secret, once. During the overlap every request carries two signatures, so that receivers verify with either.', params: path, body: SecretRotation,
      response: { 200: NewEndpoint, ...problems(NotFound, SecretRefused) },
    },
  }, async req => await req.tx(async tx => await rotateWebhookSecret(tx, vault, req.params.webhookEndpointId, req.body, newRandom())))
}

/** What can be done with an endpoint, and what has been sent to it. */
const operate: Api = app => {
  app.post('/v1/webhook-endpoints/:webhookEndpointId/test', {
    config: write,
    schema: {
      operationId: 'testWebhookEndpoint', tags, summary: 'Send a test', description: 'Sends `webhook.test` to this endpoint, whatever its filters say, by the way every event goes.', params: path,
      response: { 202: Type.Object({ eventId: IdOf('event') }, { title: 'WebhookTest' }), ...problems(NotFound, EndpointPaused) },
    },
  }, async (req, reply) => await reply.code(202).send(await req.tx(async tx => await testWebhookEndpoint(tx, req.params.webhookEndpointId))))

  app.post('/v1/webhook-endpoints/:webhookEndpointId/replay', {
    config: write,
    schema: {
      operationId: 'replayEvents', tags, summary: 'Send events again', params: path, body: ReplayInputSchema,
      description: `Sends a range of events, or single ones, to this endpoint again, with the same ids and the same bodies; also events from before it was made. At most ${replayMax} at once.`,
      response: { 202: Type.Object({ deliveries: Type.Integer({ description: 'How many were set out; those still on their way are not counted.' }) }, { title: 'WebhookReplayed' }), ...problems(NotFound, FilterMatchesNothing, ReplayTooLarge) },
    },
  }, async (req, reply) => await reply.code(202).send(await req.tx(async tx => await replayEvents(tx, req.params.webhookEndpointId, req.body))))

  app.post('/v1/webhook-endpoints/:webhookEndpointId/pause', {
    config: write,
    schema: { operationId: 'pauseWebhookEndpoint', tags, summary: 'Pause an endpoint', description: 'Nothing is sent until it is resumed; what happens is kept for it.', params: path, response: { 200: Endpoint, ...problems(NotFound, EndpointPaused) } },
  }, async req => await req.tx(async tx => await pauseWebhookEndpoint(tx, req.params.webhookEndpointId)))

  app.post('/v1/webhook-endpoints/:webhookEndpointId/resume', {
    config: write,
    schema: { operationId: 'resumeWebhookEndpoint', tags, summary: 'Resume an endpoint', description: 'Sends what was kept, then what happens.', params: path, response: { 200: Endpoint, ...problems(NotFound, EndpointActive) } },
  }, async req => await req.tx(async tx => await resumeWebhookEndpoint(tx, req.params.webhookEndpointId)))

  app.get('/v1/webhook-endpoints/:webhookEndpointId/deliveries', {
    config: read,
    schema: {
      operationId: 'listDeliveries', tags, summary: 'List an endpoint\'s deliveries', description: 'What was or is to be sent there, the newest event first.', params: path,
      querystring: Type.Object({ ...PageQuery, state: Type.Optional(OneOf(deliveryStates, 'Only deliveries in this state.')) }, closed), response: { 200: Page(DeliveryRow, 'DeliveryPage'), ...problems(NotFound, CursorInvalid) },
    },
  }, async req => await req.tx(async tx => {
    await findEndpoint(tx, req.params.webhookEndpointId)
    return await listDeliveries(tx, req.params.webhookEndpointId, req.query.state, keyset(req.query))
  }))

  app.get('/v1/deliveries/:deliveryId', {
    config: read,
    schema: { operationId: 'getDelivery', tags, summary: 'Read a delivery', description: 'One delivery with its attempts: when, how long, what was answered.', params: Type.Object({ deliveryId: IdOf('delivery') }), response: { 200: DeliveryWithLog, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await findDelivery(tx, req.params.deliveryId)))
}
