import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { IdOf, Instant, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, eventTypes } from '#platform'
import type { Api, Database } from '#platform'
import { FilterMatchesNothing, TooManyWaiters, checkFilters, envelope, typesFor } from './core.ts'
import { findEvent, readFeed } from './feed.db.ts'
import type { FeedPage } from './feed.db.ts'

/** Requests that wait for events at once: of one agency, and in the process. */
const waitersOfTenantMax = 100
const waitersMax = 1_000
/** How often a waiting request looks by itself, while notifications are heard and while they are not. */
const lookEveryMs = 5_000
const lookEveryDeafMs = 1_000

const Event = Type.Object({
  id: IdOf('event'), type: Type.String({ description: 'What happened.' }), apiVersion: Type.Integer({ description: 'Version of the shape of `data`.' }),
  sequence: Type.Integer({ description: 'Place in your feed: without gaps, in order of commit.' }), tenantId: IdOf('tenant'),
  lenderId: Type.Optional(IdOf('lender')), accountId: Type.Optional(IdOf('account')), occurredAt: Instant, recordedAt: Instant,
  correlationId: Type.String({ description: 'The request or work it came from.' }), livemode: Type.Boolean({ description: 'False in a sandbox.' }),
  data: Type.Object({ object: Type.Object({}, { additionalProperties: true, description: 'The facts; their shape is the event\'s own, in the `webhooks` section of this document.' }) }, { description: 'The facts.' }),
}, { title: 'Event' })

const EventPage = Type.Object({
  data: Type.Array(Event, { description: 'Events in order of `sequence`.' }),
  nextAfter: Type.Integer({ description: 'Pass as `after` to go on. It moves on past events that were not asked for, also when `data` is empty.' }),
}, { title: 'EventPage' })

const FeedQuery = Type.Object({
  after: Type.Optional(Type.Integer({ minimum: 0, maximum: Number.MAX_SAFE_INTEGER, default: 0, description: 'Events after this `sequence`; 0: from the first.' })),
  types: Type.Optional(Type.String({ maxLength: 2_000, pattern: '^[A-Za-z.*]+(,[A-Za-z.*]+)*$', description: 'Kinds of events, separated by commas: `payment.posted`, or all of a noun\'s as `payment.*`.', examples: ['payment.*,placement.accepted'] })),
  accountId: Type.Optional(IdOf('account')),
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 200, default: 50, description: 'Events on the page, at most 200.' })),
  waitSeconds: Type.Optional(Type.Integer({ minimum: 0, maximum: 30, default: 0, description: 'How long to wait for an event when there is none yet.' })),
}, closed)

/** Sends a text that is JSON already: an event is the same bytes here as in a webhook. */
const sendText = async (reply: FastifyReply, text: string) => await reply.type('application/json; charset=utf-8').serializer((body: string) => body).send(text)

const pageText = ({ told, nextAfter }: FeedPage): string => `{"data":[${told.map(envelope).join(',')}],"nextAfter":${nextAfter}}`

/** The event feed: everything that happened, in order, for those who pull. */
export const feed: Api = (app, { db }) => {
  const tags = ['webhooks']
  const waiting = waitingRoom(db)
  app.addHook('preClose', async () => { await waiting.close() })

  app.get('/v1/events', {
    config: { scope: 'events:read' },
    schema: {
      operationId: 'listEvents', tags, summary: 'Follow the events', querystring: FeedQuery, response: { 200: EventPage, ...problems(FilterMatchesNothing, TooManyWaiters) },
      description: 'Everything that happened, in order, as webhooks tell it. The agency reads its own sequence; a lender\'s key reads the lender\'s events, with the lender\'s own sequence. Going on from `nextAfter` misses nothing.',
    },
  }, async (req, reply) => {
    const { after = 0, limit = 50, waitSeconds = 0, accountId = null } = req.query
    const filters = req.query.types?.split(',') ?? []
    const names = eventTypes().map(({ name }) => name)
    checkFilters(filters, names, '/query/types')
    const query = { limit, types: typesFor(filters, names), accountId }
    const until = performance.now() + waitSeconds * 1000
    const { tenantId } = req.principal()
    const hangUp = new AbortController()
    reply.raw.once('close', () => hangUp.abort())
    for (let from = after; ;) {
      // Listening begins before reading: an event between the two is heard.
      const hearing = waitSeconds === 0 ? null : waiting.listen(tenantId)
      try {
        const page = await req.tx(async tx => await readFeed(tx, { ...query, after: from }))
        const msLeft = until - performance.now()
        if (page.told.length > 0 || !page.isEnd || msLeft <= 0 || hangUp.signal.aborted) return await sendText(reply, pageText(page))
        if (hearing === null) throw TooManyWaiters({}, { retryAfterSeconds: 5 })
        from = page.nextAfter
        if (!await hearing.heard(msLeft, hangUp.signal)) return await sendText(reply, pageText(page))
      } finally {
        hearing?.leave()
      }
    }
  })

  app.get('/v1/events/:eventId', {
    config: { scope: 'events:read' },
    schema: { operationId: 'getEvent', tags, summary: 'Read an event', description: 'One event, as webhooks tell it.', params: Type.Object({ eventId: IdOf('event') }), response: { 200: Event, ...problems(NotFound) } },
  }, async (req, reply) => await sendText(reply, envelope(await req.tx(async tx => await findEvent(tx, req.params.eventId)))))
}

/** Where requests wait for their agency's next event, holding no connection to the database. */
function waitingRoom (db: Database) {
  const rooms = new Map<Id<'tenant'>, Set<() => void>>()
  let total = 0
  let isClosed = false
  let ear: ReturnType<Database['listen']> | undefined

  const call = (tenantId: Id<'tenant'>): void => { for (const wake of rooms.get(tenantId) ?? []) wake() }
  const callAll = (): void => { for (const tenantId of rooms.keys()) call(tenantId) }
  const onPayload = (payload: string): void => {
    if (payload === '') callAll()
    else for (const tenantId of payload.split(',')) call(tenantId as Id<'tenant'>)
  }

  return {
    /** Begins to listen; null when there is no room. The caller leaves when done. */
    listen (tenantId: Id<'tenant'>) {
      const room = rooms.get(tenantId) ?? new Set<() => void>()
      if (room.size >= waitersOfTenantMax || total >= waitersMax) return null
      ear ??= db.listen('recoup_events', onPayload, callAll)
      let isHeard = false
      let wake: (() => void) | undefined
      const onCall = (): void => {
        isHeard = true
        wake?.()
      }
      room.add(onCall)
      rooms.set(tenantId, room)
      total++
      return {
        /** Waits for an event, or until it is time to look by oneself. False when the wait is over for good. */
        async heard (ms: number, hangUp: AbortSignal): Promise<boolean> {
          const isListening = (await ear)?.isListening() ?? false
          const patience = Math.min(ms, isListening ? lookEveryMs : lookEveryDeafMs)
          if (!isHeard && !isClosed && !hangUp.aborted) {
            await new Promise<void>(resolve => {
              const timer = setTimeout(resolve, patience)
              wake = () => {
                clearTimeout(timer)
                resolve()
              }
              hangUp.addEventListener('abort', wake, { once: true })
            })
          }
          return !isClosed && !hangUp.aborted && (isHeard || patience < ms)
        },
        leave (): void {
          total--
          room.delete(onCall)
          if (room.size === 0) rooms.delete(tenantId)
        },
      }
    },
    async close (): Promise<void> {
      isClosed = true
      callAll()
      await (await ear)?.close()
    },
  }
}
