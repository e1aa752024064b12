import { Type } from 'typebox'
import type { Static } from 'typebox'
import { IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { addContactPoint, createConsent, eraseParty, getParty, invalidateContactPoint, revealParty, searchParties, showContactPoint, verifyContactPoint } from './commands.ts'
import {
  ConsentRefused, ContactPointExists, ContactPointInput, ContactPointRefused, ContactPointUnchanged, PartyWasErased, consentChannels, consentKinds, consentPurposes, consentSources, consentStates,
  contactChannels, contactPointStates, erasureReasons, invalidReasons, partyKinds, revealPurposes,
} from './core.ts'
import { hoursApi } from './hours.api.ts'
import { findContactPoint, findParty, listConsents, listReveals } from './db.ts'

const Masked = (what: string) => Nullable(Type.String({ description: `${what}; masked, but for \`revealParty\`. Null when there is none, or it was destroyed.` }))

const ContactPoint = Type.Object({
  id: IdOf('contactPoint'), partyId: IdOf('party'), lenderId: IdOf('lender'), channel: OneOf(contactChannels, 'How the party is reached here.'), value: Masked('The number or address'),
  isWorkplace: Type.Boolean({ description: 'True when it is known to be where the party works.' }),
  timeZones: Type.Array(Type.String({ description: 'A time zone.' }), { description: 'Where the party may be by the area of the number or the place of the address; none when it does not tell.' }),
  state: OneOf(contactPointStates, '`verified`: found to be right; `invalid`: of no use, nothing is sent there.'), createdAt: Instant,
}, { title: 'ContactPoint' })

const Party = Type.Object({
  id: IdOf('party'), lenderId: IdOf('lender'), kind: OneOf(partyKinds, 'A person or a company.'), name: Masked('Full name'), identity: Masked('Number of the identity card, passport or company register'),
  language: Nullable(Type.String({ description: 'Language to write in, BCP 47.' })), contactPoints: Type.Array(ContactPoint, { description: 'Ways to reach the party, by id.' }),
  erasedAt: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When its personal data was destroyed.' })), createdAt: Instant,
}, { title: 'Party' })

const { limit, cursor } = PageQuery
const PartySearchSchema = Type.Union([
  Type.Object({ identity: Text(64, 'Number of the identity card, passport or company register.'), limit, cursor }, closed),
  Type.Object({ phone: Text(40, 'Phone number with its country code.'), limit, cursor }, closed),
  Type.Object({ email: Text(254, 'E-mail address.'), limit, cursor }, closed),
], { title: 'PartySearch', examples: [{ phone: '+8613800138000' }] })
export type PartySearch = Static<typeof PartySearchSchema>

const PartyMatch = Type.Object({ partyId: IdOf('party'), lenderId: IdOf('lender') }, { title: 'PartyMatch' })

const Saying = {
  channel: OneOf(consentChannels, 'The kind of contact.'), state: OneOf(consentStates, 'Agreed to, or refused.'), source: OneOf(consentSources, 'How the person said it.'),
}
const kindSays = '`contact`: to be contacted at all; `time`: at times at which the law closes; `frequency`: more often than the law has it.'
const purposeSays = 'What the contact is for: `collection`, or a `service`, such as a receipt or an answer that was asked for.'
const terms = {
  kind: Type.Optional(OneOf(consentKinds, `${kindSays} Left out: \`contact\`.`)),
  purpose: Type.Optional(OneOf(consentPurposes, `${purposeSays} Left out: \`collection\`.`)),
  accountId: Type.Optional(Type.Unsafe<Id<'account'>>({ ...IdOf('account'), description: 'The only debt it is said of. Left out: every debt of every lender.' })),
  until: Type.Optional(Type.String({ format: 'date-time', maxLength: 40, description: 'When it ends: then what was said before holds again. Left out: never.', examples: ['2026-04-30T00:00:00Z'] })),
}
const ConsentInputSchema = Type.Union([
  Type.Object({ contactPointId: IdOf('contactPoint'), ...Saying, ...terms }, closed),
  Type.Object({
    address: Type.Object({ channel: OneOf(contactChannels, 'What kind of address it is.'), value: Text(400, 'The number or address. It is not kept, only its hash.') }, { ...closed, description: 'An address that may be in no record.' }),
    ...Saying, ...terms,
  }, closed),
], { title: 'ConsentInput', examples: [{ contactPointId: 'cpt_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', channel: 'sms', state: 'withdrawn', source: 'reply' }] })
export type ConsentInput = Static<typeof ConsentInputSchema>
const Consent = Type.Object({
  id: IdOf('consent'), ...Saying, kind: OneOf(consentKinds, kindSays), purpose: OneOf(consentPurposes, purposeSays), accountId: Nullable(IdOf('account')), until: Nullable(Type.Unsafe<string>({ ...Instant, description: 'When it ends.' })), at: Instant,
}, { title: 'Consent' })

const Reveal = Type.Object({
  id: IdOf('reveal'), partyId: IdOf('party'), actorKind: Type.String({ description: 'Who read it: staff or service.' }), actorId: Nullable(Type.String({ description: 'The member of staff, or the key.' })),
  operation: Type.String({ description: 'By which operation.' }), purpose: OneOf(revealPurposes, 'What for.'), at: Instant,
}, { title: 'Reveal' })

const tags = ['parties']
const partyPath = Type.Object({ partyId: IdOf('party') })
const pointPath = Type.Object({ contactPointId: IdOf('contactPoint') })

export const api: Api = (app, services) => {
  const { vault, db } = services

  app.get('/v1/parties/:partyId', {
    config: { scope: 'parties:read' },
    schema: { operationId: 'getParty', tags, summary: 'Read a party', description: 'A borrower or other party of a debt, everything personal masked.', params: partyPath, response: { 200: Party, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => await getParty(tx, vault, req.params.partyId)))

  app.post('/v1/parties/:partyId/reveal', {
    config: { scope: 'parties:reveal' },
    schema: {
      operationId: 'revealParty', tags, summary: 'Read a party in the clear', description: 'Answers names, numbers and addresses in the clear, and writes down who read whose and what for. The answer is kept nowhere: a repeat is another reading, whatever its Idempotency-Key.', params: partyPath,
      body: Type.Object({ purpose: OneOf(revealPurposes, 'What the data is read for.') }, { title: 'RevealInput', ...closed, examples: [{ purpose: 'contact' }] }),
      response: { 200: Type.Object({ ...Party.properties }, { title: 'PartyInClear' }), ...problems(NotFound, PartyWasErased) },
    },
    // Past `req.tx`: an answer kept for an Idempotency-Key would outlive the erasure of what is in it.
  }, async req => await db.withTenant(req.principal(), async tx => await revealParty(tx, vault, req.params.partyId, req.body.purpose)))

  app.get('/v1/parties/:partyId/reveals', {
    config: { scope: 'parties:reveal' },
    schema: { operationId: 'listReveals', tags, summary: 'Who read a party in the clear', description: 'Every reading of a party\'s personal data, the latest first.', params: partyPath, querystring: Type.Object(PageQuery, closed), response: { 200: Page(Reveal, 'RevealPage'), ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    if (await findParty(tx, req.params.partyId) === null) throw NotFound()
    return await listReveals(tx, req.params.partyId, keyset(req.query))
  }))

  app.post('/v1/party-searches', {
    config: { scope: 'parties:read' },
    schema: {
      operationId: 'searchParties', tags, summary: 'Find parties', description: 'The parties with an identity number, phone number or e-mail address, in any spelling. A lender\'s key finds its own. What is searched for goes in the body, never in a URL.',
      body: PartySearchSchema, response: { 200: Page(PartyMatch, 'PartyMatchPage') },
    },
  }, async req => {
    const { limit, cursor, ...search } = req.body
    return await req.tx(async tx => await searchParties(tx, vault, search, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } })))
  })

  app.post('/v1/parties/:partyId/erase', {
    config: { scope: 'parties:erase' },
    schema: {
      operationId: 'eraseParty', tags, summary: 'Destroy a party\'s personal data', description: 'Destroys names, numbers and addresses for good. Ids, the ledger and refusals of contact remain. Each lender\'s record of a person is a party of its own: find them with `searchParties` first.', params: partyPath,
      body: Type.Object({ reason: OneOf(erasureReasons, 'Why the data is destroyed.') }, { title: 'ErasureInput', ...closed, examples: [{ reason: 'subjectRequest' }] }), response: { 200: Party, ...problems(NotFound, PartyWasErased) },
    },
  }, async req => await req.tx(async tx => await eraseParty(tx, vault, req.params.partyId, req.body.reason)))

  contactPointRoutes(app, services)
  hoursApi(app, services)
}

const contactPointRoutes: Api = (app, { vault }) => {
  app.post('/v1/parties/:partyId/contact-points', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'addContactPoint', tags, summary: 'Add a contact point', description: 'Adds a way to reach a party. It is answered masked.', params: partyPath, body: ContactPointInput,
      response: { 201: ContactPoint, ...problems(NotFound, PartyWasErased, ContactPointExists, ContactPointRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await addContactPoint(tx, vault, req.params.partyId, req.body))))

  app.post('/v1/contact-points/:contactPointId/verify', {
    config: { scope: 'contacts:write' },
    schema: { operationId: 'verifyContactPoint', tags, summary: 'Confirm a contact point', description: 'Notes that the party was reached there.', params: pointPath, response: { 200: ContactPoint, ...problems(NotFound, PartyWasErased, ContactPointUnchanged) } },
  }, async req => await req.tx(async tx => await verifyContactPoint(tx, vault, req.params.contactPointId)))

  app.post('/v1/contact-points/:contactPointId/invalidate', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'invalidateContactPoint', tags, summary: 'Give up a contact point', description: 'Notes that the party cannot be reached there. Nothing more is sent to it.', params: pointPath,
      body: Type.Object({ reason: OneOf(invalidReasons, 'Why it is of no use.') }, { title: 'InvalidationInput', ...closed, examples: [{ reason: 'wrongNumber' }] }),
      response: { 200: ContactPoint, ...problems(NotFound, PartyWasErased, ContactPointUnchanged) },
    },
  }, async req => await req.tx(async tx => {
    const point = await invalidateContactPoint(tx, req.params.contactPointId, req.body.reason)
    return showContactPoint(await vault.safeOf(tx), point)
  }))

  app.post('/v1/consents', {
    config: { scope: 'contacts:write' },
    schema: {
      operationId: 'createConsent', tags, summary: 'Record consent or refusal', description: 'Keeps what a person said about a kind of contact at an address of theirs. It belongs to the address and holds for every debt of every lender, unless one debt is named; what was said last counts, at once. Refusing collection does not stop a service. It outlives the erasure of the address.',
      body: ConsentInputSchema, response: { 201: Consent, ...problems(NotFound, ContactPointRefused, ConsentRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createConsent(tx, vault, req.body))))

  app.get('/v1/contact-points/:contactPointId/consents', {
    // What a person said belongs to the agency; it is read with what the agency's contacts are read with.
    config: { scope: 'outreach:read' },
    schema: { operationId: 'listConsents', tags, summary: 'What was said about a contact point', description: 'Every consent and refusal at the address of a contact point, the latest first.', params: pointPath, querystring: Type.Object(PageQuery, closed), response: { 200: Page(Consent, 'ConsentPage'), ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const point = await findContactPoint(tx, req.params.contactPointId)
    if (point === null) throw NotFound()
    return await listConsents(tx, point.valueIndex, keyset(req.query))
  }))
}
