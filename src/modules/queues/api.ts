import { Type } from 'typebox'
import type { Static } from 'typebox'
import { BucketsSchema, Currency, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, bucketsOf, closed, dayIn, problems, withTotal } from '#kernel'
import type { Id } from '#kernel'
import { Conflict, NotFound, answerOf, fingerprints, keyset } from '#platform'
import type { Api, App, Caller, Principal, Services } from '#platform'
import { PermitExpired, PermitMismatch, PermitRefused, PermitUsed, permitPattern } from '../contacts/index.ts'
import { ageOf, daysPastDue } from '../accounts/index.ts'
import { PromiseTerms, promiseProblems } from '../promises/index.ts'
import { changeQueue, createQueue, heartbeatLease, releaseLease } from './commands.ts'
import type { Grant, Held, LeaseRequest } from './commands.ts'
import {
  LeaseEnded, LeaseExpired, LeaseNotYours, NextActionRefused, PartyMissing, PromiseMisplaced, QueueFilter, QueueRefused, QueuesTooMany, WorkItemNotLeased, itemStates, leaseItemsMax, leaseSecondsMax, leaseSecondsMin,
  leaseStates, orderings, workOutcomes,
} from './core.ts'
import { completeWorkItem, showCompletion } from './completions.commands.ts'
import { listCompletions } from './completions.db.ts'
import { countItems, findQueue, findWorkItem, listHeldLeases, listQueues, listWorkItems } from './db.ts'
import type { LeaseRow, QueueRow } from './db.ts'
import { dispenser } from './dispenser.api.ts'
import type { TakenItem } from './leases.db.ts'

const name = Text(100, 'What the queue is called; no two are called the same.', ['Early, Mandarin'])
const ordering = OneOf(orderings, 'What goes first: the largest balance (of one currency), or the oldest debt, which is the default.')

const QueueInputSchema = Type.Object({ name, filter: Type.Optional(QueueFilter), ordering: Type.Optional(ordering) },
  { title: 'QueueInput', ...closed, examples: [{ name: 'Early, Mandarin', filter: { currencies: ['CNY'], stages: ['early'], languages: ['zh'] }, ordering: 'balance' }] })
export type QueueInput = Static<typeof QueueInputSchema>
const QueueChangeSchema = Type.Object({ name: Type.Optional(name), filter: Type.Optional(QueueFilter), ordering: Type.Optional(ordering) },
  { title: 'QueueChange', ...closed, minProperties: 1, examples: [{ filter: { currencies: ['CNY'], balanceMin: 1_000_00 } }] })
export type QueueChange = Static<typeof QueueChangeSchema>

const QueueFields = {
  id: IdOf('queue'), name, filter: QueueFilter, ordering,
  state: OneOf(['filling', 'ready'], '`filling`: the accounts there are have not all been looked at; what is in the queue already may be pulled.'),
  scannedCount: Type.Integer({ description: 'How many accounts were looked at when the queue was last filled.' }), createdAt: Instant,
}
const Queue = Type.Object(QueueFields, { title: 'Queue' })
const ItemCounts = Type.Object(Object.fromEntries(itemStates.map(state => [state, Type.Integer({ description: `Items that are ${state}.` })])) as Record<typeof itemStates[number], ReturnType<typeof Type.Integer>>, { title: 'WorkItemCounts', description: 'How many items stand in each state.' })
const QueueWithCounts = Type.Object({ ...QueueFields, items: ItemCounts }, { title: 'QueueWithCounts' })

const itemState = OneOf(itemStates, '`ready` waits, `leased` is being worked, `deferred` waits for `readyAt`, `done` was worked, `suppressed` may not be worked: closed, on hold, or no longer of this queue.')
const WorkItem = Type.Object({
  id: IdOf('workItem'), queueId: IdOf('queue'), accountId: IdOf('account'), placementId: IdOf('placement'), state: itemState,
  priority: Type.Integer({ description: 'The higher goes first.' }), leaseId: Nullable(Type.Unsafe<string>({ ...IdOf('lease'), description: 'The lease it is on, or was on last.' })),
  attempts: Type.Integer({ description: 'How often its debtor was called from this queue.' }), readyAt: Nullable(Instant), createdAt: Instant,
}, { title: 'WorkItem' })

const Lease = Type.Object({
  id: IdOf('lease'), queueId: IdOf('queue'), state: OneOf(leaseStates, 'Whether it is held, and if not, how it ended.'),
  holderId: Type.String({ description: 'The member of staff who holds it, or the key of a service.' }),
  expiresAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When it lapses without a heartbeat; null once it has ended.' })), createdAt: Instant, endedAt: Nullable(Instant),
}, { title: 'Lease' })

const LeasedItem = Type.Object({
  workItemId: IdOf('workItem'), accountId: IdOf('account'), priority: Type.Integer({ description: 'The higher goes first.' }), currency: Currency, balance: BucketsSchema,
  why: Type.Object({
    ordering, balance: Type.Integer({ description: 'All that is owed, in minor units.' }), daysPastDue: Type.Integer({ description: 'Days since it was due, in the borrower\'s calendar.' }),
    age: Type.String({ description: 'The bucket of age.' }), attempts: Type.Integer({ description: 'How often its debtor was called from this queue.' }),
  }, { title: 'LeaseReason', description: 'Why this item, and why now.' }),
  channel: OneOf(['call'], 'The channel that is open now.'),
  contactableUntil: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When the hours for calling end; null: they do not.' })),
}, { title: 'LeasedItem' })
const LeaseGrant = Type.Object({ lease: Nullable(Lease), items: Type.Array(LeasedItem, { description: 'In the order to work them.' }) }, { title: 'LeaseGrant' })
const LeaseHeld = Type.Object({ lease: Lease, workItemIds: Type.Array(IdOf('workItem'), { description: 'What it still holds. Work on a debt that was closed or put on hold is taken back.' }) }, { title: 'LeaseHeld' })

const ttlSeconds = Type.Integer({ minimum: leaseSecondsMin, maximum: leaseSecondsMax, description: 'How long the lease lasts unless it is kept alive.', examples: [300] })
const LeaseInput = Type.Object({
  count: Type.Integer({ minimum: 1, maximum: leaseItemsMax, description: `How many items to take, at most ${leaseItemsMax}.`, examples: [1] }), ttlSeconds,
}, { title: 'LeaseInput', ...closed, examples: [{ count: 1, ttlSeconds: 300 }] })

const outcome = OneOf(workOutcomes, 'How work on the item ended. Every one but `notContacted` records a call.')
const note = Text(2_000, 'What was said, for colleagues. Kept sealed.')
const CompletionInputSchema = Type.Object({
  outcome,
  partyId: Type.Optional(Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'Who was called. Left out: the borrower.' })),
  contactPointId: Type.Optional(Type.Unsafe<Id<'contactPoint'>>({ ...IdOf('contactPoint'), description: 'The number called.' })),
  permit: Type.Optional(Type.String({ pattern: permitPattern, description: 'The `token` of the permit by which the call was made. Left out: nobody allowed it, and it is told as a breach.' })),
  nextAction: Type.Optional(Type.Object({ readyAt: Type.Unsafe<string>({ ...Instant, description: 'When the item is to come back.' }) }, { ...closed, description: 'Left out: the item is done; with a promise, it comes back when the first days of grace are over.' })),
  promise: Type.Optional(Type.Unsafe<PromiseTerms>({ ...PromiseTerms, description: 'What was promised in the call, with the outcome `promised`.' })),
  note: Type.Optional(note),
}, { title: 'WorkCompletionInput', ...closed, examples: [{ outcome: 'callback', nextAction: { readyAt: '2026-03-31T08:00:00Z' }, note: 'Asks to be called in the morning.' }, { outcome: 'promised', promise: { amount: 300_00, promisedOn: '2026-02-10' } }] })
export type CompletionInput = Static<typeof CompletionInputSchema>

const Completion = Type.Object({
  id: IdOf('workCompletion'), workItemId: IdOf('workItem'), leaseId: IdOf('lease'), outcome, contactAttemptId: Nullable(IdOf('contactAttempt')), readyAt: Nullable(Instant),
  hasNote: Type.Boolean({ description: 'Whether a note was left.' }), note: Nullable(Type.String({ description: 'The note, for a key that may reveal personal data; otherwise null.' })),
  completedBy: Type.String({ description: 'The member of staff, or the key of a service.' }), completedAt: Instant,
}, { title: 'WorkCompletion' })

const showQueue = ({ filledAt, ...queue }: QueueRow) => ({ ...queue, state: filledAt === null ? 'filling' as const : 'ready' as const })

const showLease = ({ holderKind: _, dueAt, ...lease }: LeaseRow) => ({ ...lease, expiresAt: dueAt })

const showHeld = ({ lease, workItemIds }: Held) => ({ lease: showLease(lease), workItemIds })

function showTaken ({ id, accountId, priority, currency, attempts, closesAt, dueOn, timeZone, ...parts }: TakenItem, ordering: Grant['ordering'], now: Date) {
  const balance = withTotal(bucketsOf(parts))
  const days = daysPastDue(dueOn, dayIn(timeZone, now))
  return { workItemId: id, accountId, priority, currency, balance, why: { ordering, balance: balance.total, daysPastDue: days, age: ageOf(days), attempts }, channel: 'call' as const, contactableUntil: closesAt }
}

/** A grant as the API shows it; without a lease when there was nothing to take. */
const showGrant = ({ lease, items, ordering }: Grant) =>
  ({ lease: lease === null ? null : showLease(lease), items: lease === null ? [] : items.map(item => showTaken(item, ordering, new Date(lease.createdAt))) })

/** Who will hold a lease: the member of staff, or the service's key. */
function holderOf ({ actor }: Principal): LeaseRequest['holder'] {
  if (actor.id === null) throw new Error('a lease has a holder')
  return { kind: actor.kind, id: actor.id }
}

const mayTakeBack = ({ scopes }: Caller): boolean => scopes.has('queues:write')

const mayReveal = ({ scopes }: Caller): boolean => scopes.has('parties:reveal')

const tags = ['queues']
const queuePath = Type.Object({ queueId: IdOf('queue') })
const leasePath = Type.Object({ leaseId: IdOf('lease') })
const itemPath = Type.Object({ workItemId: IdOf('workItem') })

export const api: Api = (app, services) => {
  addQueues(app)
  addLeases(app, services)
  addWorkItems(app, services)
}

function addQueues (app: App): void {
  app.post('/v1/queues', {
    config: { scope: 'queues:write' },
    schema: {
      operationId: 'createQueue', tags, summary: 'Make a queue', description: 'Makes a queue of the debts that match a filter. It is filled in the background; `state` says whether that is done.',
      body: QueueInputSchema, response: { 201: Queue, ...problems(QueueRefused, QueuesTooMany, Conflict) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showQueue(await createQueue(tx, req.body)))))

  app.get('/v1/queues', {
    config: { scope: 'queues:read' },
    schema: { operationId: 'listQueues', tags, summary: 'List queues', description: 'Queues by id.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(Queue, 'QueuePage') } },
  }, async req => await req.tx(async tx => {
    const page = await listQueues(tx, keyset(req.query))
    return { ...page, data: page.data.map(showQueue) }
  }))

  app.get('/v1/queues/:queueId', {
    config: { scope: 'queues:read' },
    schema: { operationId: 'getQueue', tags, summary: 'Read a queue', description: 'One queue, with how many items stand in each state.', params: queuePath, response: { 200: QueueWithCounts, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const queue = await findQueue(tx, req.params.queueId)
    if (queue === null) throw NotFound()
    return { ...showQueue(queue), items: await countItems(tx, queue.id) }
  }))

  app.patch('/v1/queues/:queueId', {
    config: { scope: 'queues:write' },
    schema: {
      operationId: 'changeQueue', tags, summary: 'Change a queue', description: 'Changes name, filter or order. With another filter or order the queue is filled again in the background: what no longer belongs is taken out, also from leases.',
      params: queuePath, body: QueueChangeSchema, response: { 200: Queue, ...problems(NotFound, QueueRefused, Conflict) },
    },
  }, async req => await req.tx(async tx => showQueue(await changeQueue(tx, req.params.queueId, req.body))))

  app.get('/v1/queues/:queueId/work-items', {
    config: { scope: 'queues:read' },
    schema: {
      operationId: 'listWorkItems', tags, summary: 'List the items of a queue', description: 'Items by account. To work them, pull a lease.', params: queuePath,
      querystring: Type.Object({ ...PageQuery, state: Type.Optional(itemState) }, closed), response: { 200: Page(WorkItem, 'WorkItemPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findQueue(tx, req.params.queueId) === null) throw NotFound()
    return await listWorkItems(tx, req.params.queueId, req.query.state, keyset(req.query))
  }))
}

function addLeases (app: App, services: Services): void {
  const dispense = dispenser(services)

  app.post('/v1/queues/:queueId/leases', {
    config: { scope: 'queues:work' },
    schema: {
      operationId: 'leaseWork', tags, summary: 'Pull work', description: 'Lends the first items of a queue whose debtors may be called now, the highest priority first. Nobody else gets them while the lease is held. Answers 200 without a lease when there is nothing that may be worked now.',
      params: queuePath, body: LeaseInput, response: { 200: LeaseGrant, 201: LeaseGrant, ...problems(NotFound) },
    },
  }, async (req, reply) => {
    const request = { holder: holderOf(req.principal()), ...req.body }
    const show = (grant: Grant) => {
      reply.code(grant.lease === null ? 200 : 201)
      return showGrant(grant)
    }
    const prints = fingerprints(req)
    return show(await dispense(req.principal(), req.params.queueId, request, prints && { ...prints, answer: grant => answerOf(reply, show(grant)) }))
  })

  app.get('/v1/queues/:queueId/leases', {
    config: { scope: 'queues:read' },
    schema: {
      operationId: 'listLeases', tags, summary: 'Who works what', description: 'The leases of a queue that are held now, by id.', params: queuePath,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Lease, 'LeasePage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findQueue(tx, req.params.queueId) === null) throw NotFound()
    const page = await listHeldLeases(tx, req.params.queueId, keyset(req.query))
    return { ...page, data: page.data.map(showLease) }
  }))

  app.post('/v1/leases/:leaseId/heartbeat', {
    config: { scope: 'queues:work' },
    schema: {
      operationId: 'heartbeatLease', tags, summary: 'Keep a lease', description: 'The lease lasts `ttlSeconds` from now. Answers what it still holds. Only its holder may.', params: leasePath,
      body: Type.Object({ ttlSeconds }, { title: 'Heartbeat', ...closed, examples: [{ ttlSeconds: 300 }] }), response: { 200: LeaseHeld, ...problems(NotFound, LeaseNotYours, LeaseExpired, LeaseEnded) },
    },
  }, async req => await req.tx(async tx => showHeld(await heartbeatLease(tx, req.params.leaseId, req.body.ttlSeconds))))

  app.post('/v1/leases/:leaseId/release', {
    config: { scope: 'queues:work' },
    schema: {
      operationId: 'releaseLease', tags, summary: 'Give work back', description: 'What the lease still holds goes back to the queue. Its holder may; a key that may change queues takes back anybody\'s.', params: leasePath,
      response: { 200: LeaseHeld, ...problems(NotFound, LeaseNotYours, LeaseExpired, LeaseEnded) },
    },
  }, async req => await req.tx(async tx => showHeld(await releaseLease(tx, req.params.leaseId, mayTakeBack(req.caller)))))
}

function addWorkItems (app: App, { vault }: Services): void {
  app.get('/v1/work-items/:workItemId', {
    config: { scope: 'queues:read' },
    schema: { operationId: 'getWorkItem', tags, summary: 'Read a work item', description: 'One item.', params: itemPath, response: { 200: WorkItem, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const item = await findWorkItem(tx, req.params.workItemId)
    if (item === null) throw NotFound()
    return item
  }))

  app.post('/v1/work-items/:workItemId/complete', {
    config: { scope: 'queues:work' },
    schema: {
      operationId: 'completeWorkItem', tags, summary: 'Say how it went', description: 'Ends work on a leased item: records the call and the promise made in it, and either is done with the item or puts it off. Only the holder of its lease may.', params: itemPath,
      body: CompletionInputSchema, response: { 200: WorkItem, ...problems(NotFound, LeaseNotYours, LeaseExpired, LeaseEnded, WorkItemNotLeased, NextActionRefused, PartyMissing, PermitRefused, PermitUsed, PermitMismatch, PermitExpired, PromiseMisplaced, ...promiseProblems) },
    },
  }, async req => await req.tx(async tx => await completeWorkItem(tx, vault, req.params.workItemId, req.body)))

  app.get('/v1/work-items/:workItemId/completions', {
    config: { scope: 'queues:read' },
    schema: {
      operationId: 'listWorkCompletions', tags, summary: 'How work on an item went', description: 'Every time work on an item ended, oldest first. Notes are shown to keys that may reveal personal data.', params: itemPath,
      querystring: Type.Object(PageQuery, closed), response: { 200: Page(Completion, 'WorkCompletionPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    if (await findWorkItem(tx, req.params.workItemId) === null) throw NotFound()
    const page = await listCompletions(tx, req.params.workItemId, keyset(req.query))
    const safe = mayReveal(req.caller) ? await vault.safeOf(tx) : null
    return { ...page, data: page.data.map(row => showCompletion(safe, row)) }
  }))
}
