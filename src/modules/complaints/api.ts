import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Amount, Currency, Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { PartyWasErased, revealPurposes } from '../parties/index.ts'
import { acknowledgeComplaint, openComplaint, resolveComplaint, revealComplaint, showComplaint } from './commands.ts'
import {
  ComplaintAlreadyAcknowledged, ComplaintAlreadyResolved, ComplaintNotAcknowledged, ComplaintRefused, ComplaintResolutionRefused, ComplaintTextDestroyed, answerDays, complaintCategories, complaintChannels,
  complaintOutcomes, complaintStates, rootCauses, severities,
} from './core.ts'
import { findComplaint, listComplaints } from './db.ts'
import { hardshipRoutes } from './hardship.api.ts'
import { reportRoutes } from './report.api.ts'

const said = {
  channel: OneOf(complaintChannels, 'How it reached you: directly, or through a regulator or the lender.'), category: OneOf(complaintCategories, 'What is complained about.'), severity: OneOf(severities, 'How grave it is.'),
}
const textMax = 10_000

const ComplaintInputSchema = Type.Object({
  accountId: Type.Optional(Type.Unsafe<Id<'account'>>({ ...IdOf('account'), description: 'The debt it is about. Left out: none in particular.' })),
  partyId: Type.Optional(Type.Unsafe<Id<'party'>>({ ...IdOf('party'), description: 'Who complains, as the debt\'s lender knows them. Left out: nobody you know.' })),
  receivedOn: Type.Unsafe<string>({ ...Day, pattern: '^(19|2[01])', description: 'The day it was received.' }), ...said,
  about: Type.Optional(Type.Unsafe<Id<'staff'>>({ ...IdOf('staff'), description: 'The member of staff it is about. Lenders are never shown whom.' })),
  text: Text(textMax, 'What was said or written. Kept sealed; destroyed with the party\'s personal data.'),
  placesHold: Type.Optional(Type.Boolean({ description: 'True: work on the debt stands still until it is resolved, however grave it is. Of `high` and `critical` ones it always does.' })),
}, {
  title: 'ComplaintInput', ...closed,
  examples: [{ accountId: 'acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', receivedOn: '2026-01-05', channel: 'phone', category: 'harassment', severity: 'high', text: 'Called four times in one morning, at work as well.' }],
})
export type ComplaintInput = Static<typeof ComplaintInputSchema>

const Redress = Type.Object({ amount: Amount, currency: Currency }, { ...closed, title: 'ComplaintRedress', description: 'What was promised to make up for it. It is kept as a fact: nothing is posted or paid.' })
const share = { minimum: 0, maximum: 100 }

const ComplaintResolutionSchema = Type.Object({
  outcome: OneOf(complaintOutcomes, 'How it ended.'),
  rootCause: Type.Optional(OneOf(rootCauses, 'Why it happened: of one that is upheld in whole or part, and of no other.')),
  collectorShare: Type.Optional(Type.Integer({ ...share, description: 'How much of the fault is the collector\'s, in whole percent: of one that is upheld in whole or part, and of no other.' })),
  redress: Type.Optional(Redress),
}, { title: 'ComplaintResolution', ...closed, examples: [{ outcome: 'upheld', rootCause: 'training', collectorShare: 40, redress: { amount: 50_00, currency: 'CNY' } }] })
export type ComplaintResolution = Static<typeof ComplaintResolutionSchema>

const at = (description: string) => Type.Unsafe<string | null>({ ...Nullable(Instant), description })
const Complaint = Type.Object({
  id: IdOf('complaint'), accountId: Nullable(IdOf('account')), lenderId: Nullable(IdOf('lender')), partyId: Nullable(IdOf('party')), receivedOn: Day, ...said,
  about: Type.Unsafe<Id<'staff'> | null>({ ...Nullable(IdOf('staff')), description: 'The member of staff it is about; null: nobody in particular, and always for a lender.' }),
  hasText: Type.Boolean({ description: 'Whether there is a text to read with `revealComplaint`; false once it was destroyed.' }),
  holdId: Type.Unsafe<Id<'hold'> | null>({ ...Nullable(IdOf('hold')), description: 'The hold on the debt that came with it; null: none did.' }), state: OneOf(complaintStates, 'How it stands.'),
  answerBy: Type.Unsafe<string>({ ...Day, description: 'The last day to answer.' }), overdueAt: at('When it was told that the answer is late; null: it is not, or was not.'),
  outcome: Nullable(OneOf(complaintOutcomes, 'How it ended; null: it has not.')), rootCause: Nullable(OneOf(rootCauses, 'Why it happened; null: not upheld, or not decided.')),
  collectorShare: Nullable(Type.Integer({ ...share, description: 'How much of the fault is the collector\'s, in percent; null: not upheld, or not decided.' })),
  redress: Nullable(Redress), openedAt: Instant, acknowledgedAt: at('When it was acknowledged.'), resolvedAt: at('When it was resolved.'),
}, { title: 'Complaint' })

const tags = ['complaints']
const complaintPath = Type.Object({ complaintId: IdOf('complaint') })
const { limit, cursor } = PageQuery

export const api: Api = (app, services) => {
  const { vault, db } = services

  app.post('/v1/complaints', {
    config: { scope: 'complaints:write' },
    schema: {
      operationId: 'openComplaint', tags, summary: 'Record a complaint',
      description: `Keeps a complaint about your conduct. It is to be answered within ${answerDays} days after it was received. A grave one about a debt places a hold of kind \`complaint\`, which ends when it is resolved.`,
      body: ComplaintInputSchema, response: { 201: Complaint, ...problems(NotFound, PartyWasErased, ComplaintRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showComplaint(await openComplaint(tx, vault, req.body), tx.ctx.lenderId))))

  app.get('/v1/complaints', {
    config: { scope: 'complaints:read' },
    schema: {
      operationId: 'listComplaints', tags, summary: 'List complaints', description: 'Complaints by id. A lender\'s key lists those about its own debts, and cannot ask whom they are about.',
      querystring: Type.Object({
        limit, cursor, accountId: Type.Optional(IdOf('account')), state: Type.Optional(OneOf(complaintStates, 'Only those in this state.')), category: Type.Optional(OneOf(complaintCategories, 'Only those about this.')),
        staffId: Type.Optional(Type.Unsafe<Id<'staff'>>({ ...IdOf('staff'), description: 'Only those about this member of staff.' })),
      }, closed),
      response: { 200: Page(Complaint, 'ComplaintPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    if (filter.staffId !== undefined && tx.ctx.lenderId !== null) throw NotAllowed()
    const page = await listComplaints(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { ...page, data: page.data.map(complaint => showComplaint(complaint, tx.ctx.lenderId)) }
  }))

  app.get('/v1/complaints/:complaintId', {
    config: { scope: 'complaints:read' },
    schema: { operationId: 'getComplaint', tags, summary: 'Read a complaint', description: 'One complaint, and how it stands; without its text.', params: complaintPath, response: { 200: Complaint, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const complaint = await findComplaint(tx, req.params.complaintId)
    if (complaint === null) throw NotFound()
    return showComplaint(complaint, tx.ctx.lenderId)
  }))

  app.post('/v1/complaints/:complaintId/acknowledge', {
    config: { scope: 'complaints:write' },
    schema: {
      operationId: 'acknowledgeComplaint', tags, summary: 'Acknowledge a complaint', description: 'Notes that whoever complained was told that it is looked into. The day to answer by stays.', params: complaintPath,
      response: { 200: Complaint, ...problems(NotFound, ComplaintAlreadyAcknowledged, ComplaintAlreadyResolved) },
    },
  }, async req => await req.tx(async tx => showComplaint(await acknowledgeComplaint(tx, req.params.complaintId), tx.ctx.lenderId)))

  app.post('/v1/complaints/:complaintId/resolve', {
    config: { scope: 'complaints:write' },
    schema: {
      operationId: 'resolveComplaint', tags, summary: 'Resolve a complaint', description: 'Ends a complaint that was acknowledged, or one that is withdrawn, and releases its hold. What it does to the debt, or to money, is decided apart.', params: complaintPath,
      body: ComplaintResolutionSchema, response: { 200: Complaint, ...problems(NotFound, ComplaintNotAcknowledged, ComplaintAlreadyResolved, ComplaintResolutionRefused) },
    },
  }, async req => await req.tx(async tx => showComplaint(await resolveComplaint(tx, req.params.complaintId, req.body), tx.ctx.lenderId)))

  app.post('/v1/complaints/:complaintId/reveal', {
    config: { scope: 'parties:reveal' },
    schema: {
      operationId: 'revealComplaint', tags, summary: 'Read what a complaint says',
      description: 'Answers the text in the clear, and writes down who read it and what for: of the party that complained or, where nobody is named, of the debt\'s. The answer is kept nowhere: a repeat is another reading, whatever its Idempotency-Key.', params: complaintPath,
      body: Type.Object({ purpose: OneOf(revealPurposes, 'What it is read for.') }, { title: 'ComplaintRevealInput', ...closed, examples: [{ purpose: 'legal' }] }),
      response: { 200: Type.Object({ complaintId: IdOf('complaint'), text: Type.String({ description: 'What was said or written.' }) }, { title: 'ComplaintText' }), ...problems(NotFound, ComplaintTextDestroyed) },
    },
    // Past `req.tx`: an answer kept for an Idempotency-Key would outlive the erasure of what is in it.
  }, async req => await db.withTenant(req.principal(), async tx => await revealComplaint(tx, vault, req.params.complaintId, req.body.purpose)))

  reportRoutes(app, services)
  hardshipRoutes(app, services)
}
