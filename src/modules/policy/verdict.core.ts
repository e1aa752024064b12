import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Instant, Nullable, OneOf, closed } from '#kernel'
import { channels } from './facts.core.ts'
import { PackVersion, packHead, strengths } from './pack.core.ts'

/** What an answer can be. */
export const verdicts = ['allowed', 'wait', 'denied'] as const

const ReasonFacts = Type.Object({
  timeZone: Type.Optional(Type.String({ description: 'The zone whose clock and calendar were used.' })),
  localAt: Type.Optional(Type.String({ description: 'The local time of the contact there.' })),
  debt: Type.Optional(Type.String({ description: 'The debt counted, or its group.' })),
  count: Type.Optional(Type.Integer({ description: 'Contacts counted within the window.' })),
  limit: Type.Optional(Type.Integer({ description: 'How many the rule allows.' })),
  windowFrom: Type.Optional(Type.String({ description: 'The first day of the window.' })),
  windowTo: Type.Optional(Type.String({ description: 'The last day of the window.' })),
  conversationAt: Type.Optional(Type.String({ description: 'The conversation that began the rest.' })),
  fields: Type.Optional(Type.Array(Type.String(), { description: 'What the rule looked at.' })),
  missing: Type.Optional(Type.Array(Type.String(), { description: 'Facts missing, without which the rule cannot be judged.' })),
}, { ...closed, description: 'The facts used.' })
export type ReasonFacts = Static<typeof ReasonFacts>

/** One rule that stands in the way, with the facts it rests on. */
export const Reason = Type.Object({
  rule: Type.String({ description: 'The rule.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }),
  says: Type.String({ description: 'What it says.' }), strength: OneOf(strengths, 'How far it binds.'),
  lift: Nullable(Type.String({ description: 'What lifts it, when waiting does not.' })),
  facts: ReasonFacts,
  ends: Nullable(Type.String({ format: 'date-time', description: 'When it no longer stands in the way, taken alone; null: not by time.' })),
}, { title: 'PolicyReason', ...closed })
export type Reason = Static<typeof Reason>

/** What the law says of one contact. */
export const Verdict = Type.Object({
  verdict: OneOf(verdicts, '`allowed`: now. `wait`: from `earliestAllowedAt` on, unless something happens before. `denied`: not until something changes.'),
  earliestAllowedAt: Nullable(Instant),
  strength: OneOf(strengths, 'The strongest of the reasons; `advisory`, the weakest, when there is none.'),
  reasons: Type.Array(Reason, { description: 'Every rule that stands in the way now.' }),
  laterReasons: Type.Array(Reason, { description: 'Rules that are met now and would stand in the way when the others have ended: why the wait is longer than they are.' }),
  otherChannels: Type.Array(OneOf(channels, 'A channel.'), { description: 'Channels that are open now for the same purpose, if what is sent is itself in order.' }),
  localTimes: Type.Array(Type.Object({ timeZone: Type.String({ description: 'A zone the borrower may be in.' }), localAt: Type.String({ description: 'Its clock at the time asked about.' }) }), { description: 'The local times used.' }),
  packVersions: Type.Record(packHead.id, PackVersion, { description: 'The packs asked, each with its version; rules that were set aside are named after it.' }),
  unreadFlags: Type.Array(Type.String(), { description: 'Flags given that none of these packs reads: check their spelling.' }),
}, { title: 'PolicyVerdict', ...closed })
export type Verdict = Static<typeof Verdict>

/** The parts of a verdict, for answers that carry one among other things. */
export const verdictParts = Verdict.properties

/** What a rule that counts has counted. */
export const RuleCount = Type.Object({
  rule: Type.String({ description: 'The rule.' }), pack: Type.String({ description: 'The pack it is from.' }), clause: Type.String({ description: 'Where the law says so.' }), strength: OneOf(strengths, 'How far it binds.'),
  timeZone: Type.String({ description: 'The zone whose calendar was used.' }), debt: Type.Optional(Type.String({ description: 'The debt counted, or its group.' })),
  count: Type.Integer({ description: 'Contacts counted within the window.' }), limit: Type.Integer({ description: 'How many the rule allows.' }),
  windowFrom: Type.String({ description: 'The first day of the window.' }), windowTo: Type.String({ description: 'The last day of the window.' }),
}, { title: 'PolicyCount' })
