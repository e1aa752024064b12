import type { TSchema, Static } from 'typebox'
import { uuidOf } from '#kernel'
import type { Ctx, Id } from '#kernel'
import { binary } from '../db/arrays.ts'
import { newId } from '../db/ids.ts'
import type { Tx } from '../db/tx.ts'
import type { Statement } from '../db/wire.ts'

/** A kind of fact: what it is called, which version of its shape, and the shape. Never edit a published shape; add a version. */
export interface EventType<S extends TSchema = TSchema> { readonly name: string, readonly version: number, readonly schema: S, readonly description: string }

/** Whom a fact concerns beside the agency. A lender hears only of its own. */
export interface Concerns { accountId?: Id<'account'>, lenderId?: Id<'lender'> }

/** An event as commands emit it, before it has a sequence. */
export interface Pending { id: Id<'event'>, type: string, version: number, accountId: string | null, lenderId: string | null, data: string }

/** An event as subscribers and the feed read it. */
export interface EventRow<D = unknown> {
  id: Id<'event'>
  sequence: number
  type: string
  version: number
  lenderId: Id<'lender'> | null
  accountId: Id<'account'> | null
  occurredAt: string
  correlationId: string
  data: D
}

const declared = new Map<string, EventType>()

/** Declares a kind of event, `noun.pastTense`; `description` is written to the lender's engineer who receives it. */
export function event<const N extends string, S extends TSchema> (name: N, version: number, description: string, schema: S): EventType<S> & { readonly name: N } {
  const type = { name, version, schema, description }
  if (declared.has(name)) throw new Error(`event ${name} is declared twice`)
  declared.set(name, type)
  return type
}

/** Every kind of event declared by the modules loaded, by name. */
export const eventTypes = (): EventType[] => [...declared.values()].sort((a, b) => a.name < b.name ? -1 : 1)

/**
 * Says that something happened. The event is written with the commit of this transaction and with nothing else:
 * it is the outbox, the audit trail and the webhook's payload in one row.
 */
export function emit<S extends TSchema> (tx: Tx, type: EventType<S>, concerns: Concerns, data: Static<S>): Id<'event'> {
  const id = newId('event')
  tx.outbox.push({
    id, type: type.name, version: type.version, data: JSON.stringify(data),
    accountId: concerns.accountId ?? null, lenderId: concerns.lenderId ?? null,
  })
  return id
}

/*
 * The agency's head and those of the lenders concerned are advanced under their row locks, in a fixed order, and stay
 * locked until the commit that follows in the same round trip: sequences are gap-free and in commit order.
 */
const flushText = `
with emitted as (
  select id, type, version, account_id, lender_id, data, n,
    row_number() over (partition by lender_id order by n) as lender_n
  from unnest($2::uuid[], $3::text[], $4::int[], $5::uuid[], $6::uuid[], $7::text[])
    with ordinality as e (id, type, version, account_id, lender_id, data, n)
), heads as (
  insert into event_heads (tenant_id, stream, sequence)
  select $1::uuid, stream, count(*) from (
    select $1::uuid as stream from emitted union all select lender_id from emitted where lender_id is not null
  ) streams group by stream order by stream
  on conflict (tenant_id, stream) do update set sequence = event_heads.sequence + excluded.sequence
  returning stream, sequence
), totals as (
  select lender_id, count(*) as total from emitted group by lender_id
)
insert into events (tenant_id, sequence, id, type, version, account_id, lender_id, lender_sequence, data, actor_kind, actor_id, correlation_id, livemode, occurred_at)
select $1::uuid, own.sequence - (select count(*) from emitted) + e.n, e.id, e.type, e.version, e.account_id, e.lender_id,
  theirs.sequence - totals.total + e.lender_n, e.data::jsonb, $8, $9, $10, $11, $12
from emitted e
join heads own on own.stream = $1::uuid
left join heads theirs on theirs.stream = e.lender_id
left join totals on totals.lender_id = e.lender_id
order by e.n`

/** The one statement that gives pending events their sequences and writes them. */
export const flushStatement = (ctx: Ctx, pending: readonly Pending[]): Statement => ({
  text: flushText,
  silent: true,
  values: [
    uuidOf(ctx.tenantId), binary.uuid(pending.map(e => e.id)), binary.text(pending.map(e => e.type)), binary.integer(pending.map(e => e.version)),
    binary.uuid(pending.map(e => e.accountId)), binary.uuid(pending.map(e => e.lenderId)), binary.text(pending.map(e => e.data)), ctx.actor.kind, ctx.actor.id, ctx.correlationId, ctx.livemode, ctx.now.toISOString(),
  ],
})
