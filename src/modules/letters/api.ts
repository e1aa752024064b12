import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { PartyWasErased, revealPurposes } from '../parties/index.ts'
import { cancelLetterBatch, createLetterBatch, makeLetterBatch, openLetters, postLetterBatch, returnLetter, revealLetter, revealLetters, showLetter } from './commands.ts'
import { LetterBatchStateRefused, LetterStateRefused, PostedOnRefused, batchMax, letterBatchStates, letterStates, returnReasons, waitDaysMax, withdrawalReasons } from './core.ts'
import { findBatch, listBatches, listLetters } from './db.ts'
import type { BatchRow } from './db.ts'
import { sendBatch } from './print.api.ts'
import type { Source } from './print.api.ts'
import { papers } from './sheets.core.ts'

const day = (description: string) => Type.Unsafe<string>({ ...Day, description })
const instant = (description: string) => Type.Unsafe<string>({ ...Instant, description })

const stateSays = '`waiting` for a batch, `batched`: in one that is not posted yet, `posted`, `returned` by the post, or `withdrawn`: it is not sent.'
const Letter = Type.Object({
  id: IdOf('letter'), messageId: IdOf('message'), accountId: IdOf('account'), lenderId: IdOf('lender'), partyId: IdOf('party'), contactPointId: IdOf('contactPoint'),
  recipient: Nullable(Type.String({ description: 'The name and the address, masked. Null once the party was erased.' })), paper: OneOf(papers, 'What it is printed on: A4 for an envelope DL, or US Letter for a #10.'),
  templateVersion: Type.String({ description: 'The text it was written by.' }), language: Type.String({ description: 'The language it is in.' }), state: OneOf(letterStates, stateSays),
  reason: Nullable(OneOf([...withdrawalReasons, ...returnReasons], 'Why it was withdrawn, or came back.')), batchId: Nullable(IdOf('letterBatch')), writtenOn: day('The day on it: the agency\'s when it was written.'),
  dueAt: Nullable(instant('Until when it waits to be printed; then it is withdrawn. Null when it does not wait.')), createdAt: Instant, postedOn: Nullable(day('The day it was posted.')),
}, { title: 'Letter' })

const LetterText = Type.Object({
  id: IdOf('letter'), partyId: IdOf('party'), recipient: Type.Array(Type.String({ description: 'A line.' }), { description: 'The name and the address, in the clear, line by line.' }), text: Type.String({ description: 'What it says.' }),
}, { title: 'LetterText' })

const batchSays = '`open`: its PDF was not read to the end yet; `made`: it was; then `posted`, or `cancelled`: its letters wait for another batch.'
const LetterBatch = Type.Object({
  id: IdOf('letterBatch'), state: OneOf(letterBatchStates, batchSays), count: Type.Integer({ description: 'How many letters it has.' }),
  pages: Nullable(Type.Integer({ description: 'How many pages the PDF had when it was made, the cover sheet and empty pages among them.' })), duplex: Type.Boolean({ description: 'True when it is printed on both sides.' }),
  sender: Type.String({ description: 'The line that says whom the letters are from.' }), hash: Nullable(Type.String({ description: 'SHA-256 of the PDF as it was made, in hexadecimal.' })),
  createdAt: Instant, madeAt: Nullable(instant('When its PDF was first read to the end.')), postedOn: Nullable(day('The day it was posted.')),
}, { title: 'LetterBatch' })

const LetterBatchInput = Type.Object({
  limit: Type.Optional(Type.Integer({ minimum: 1, maximum: batchMax, default: batchMax, description: `How many letters to take at most, up to ${batchMax}.` })),
  duplex: Type.Optional(Type.Boolean({ default: false, description: 'Whether it is printed on both sides: then each letter ends with an empty page where the next would begin on the back of its last sheet.' })),
  sender: Type.Optional(Text(200, 'The line that says whom the letters are from and where they come back to. On A4 it is read through the window: it must not say that debts are collected where the law forbids that. Left out: the agency\'s name.', ['Harbour Services, PO Box 11, 20457 Hamburg'])),
}, { ...closed, title: 'LetterBatchInput', examples: [{ limit: 500, duplex: true }] })

const PostingInput = Type.Object({ postedOn: day('The day the letters were handed to the post, by the agency\'s calendar.') }, { ...closed, title: 'LetterPostingInput', examples: [{ postedOn: '2026-03-31' }] })
const ReturnInput = Type.Object({ reason: OneOf(returnReasons, 'Why it came back, as the post has it.') }, { ...closed, title: 'LetterReturnInput', examples: [{ reason: 'moved' }] })

const shown = ({ hash, agency: _, ...batch }: BatchRow): Static<typeof LetterBatch> => ({ ...batch, hash: hash?.toString('hex') ?? null })

/** How many letters are opened at once while a batch is printed: what is in memory of it. */
const openMax = 50

const tags = ['letters']
const batchPath = Type.Object({ letterBatchId: IdOf('letterBatch') })
const letterPath = Type.Object({ letterId: IdOf('letter') })

export const api: Api = (app, services) => {
  const { vault, db } = services

  app.post('/v1/letter-batches', {
    config: { scope: 'letters:write' },
    schema: {
      operationId: 'createLetterBatch', tags, summary: 'Take letters to be printed', body: LetterBatchInput, response: { 201: LetterBatch },
      description: 'Takes the oldest waiting letters into a batch. Those whose reason is gone since they were written, because the debt was paid, taken back or put on hold, or the person refused letters or cannot be reached there, are left out and withdrawn. Batches taken at the same time share no letter. One that finds none is answered `cancelled`.',
    },
  }, async (req, reply) => await reply.code(201).send(shown(await req.tx(async tx => await createLetterBatch(tx, req.body)))))

  app.get('/v1/letter-batches', {
    config: { scope: 'letters:read' },
    schema: { operationId: 'listLetterBatches', tags, summary: 'List batches of letters', description: 'Batches, the latest first.', querystring: Type.Object(PageQuery, closed), response: { 200: Page(LetterBatch, 'LetterBatchPage') } },
  }, async req => await req.tx(async tx => {
    const { data, nextCursor } = await listBatches(tx, keyset(req.query))
    return { data: data.map(shown), nextCursor }
  }))

  app.get('/v1/letter-batches/:letterBatchId', {
    config: { scope: 'letters:read' },
    schema: { operationId: 'getLetterBatch', tags, summary: 'Read a batch of letters', description: 'One batch, as it stands.', params: batchPath, response: { 200: LetterBatch, ...problems(NotFound) } },
  }, async req => shown(await req.tx(async tx => await findBatch(tx, req.params.letterBatchId))))

  app.get('/v1/letter-batches/:letterBatchId/pdf', {
    config: { scope: 'letters:write' },
    schema: {
      operationId: 'getLetterBatchPdf', tags, summary: 'A batch of letters as PDF', params: batchPath,
      description: 'One PDF to print: a cover sheet with counts, and each letter from a new sheet on, its address where the window of the envelope is (DIN 5008 form B for DL, or US Letter for #10, by the recipient\'s country; A4 first), with fold marks and its own numbers of pages. The same batch is the same to the byte. Reading it to the end makes the batch, which can then be posted. Letters to parties erased since are left out and counted on the cover sheet; then it is not the PDF of `hash` any more. That the letters were read in the clear is written down for each party. A character that none of its fonts has is shown by its number, such as `[U+81FA]`.',
      response: { 200: { description: 'Pages of A4 or US Letter.', content: { 'application/pdf': { schema: Type.String({ format: 'binary', description: 'PDF.' }) } } }, ...problems(NotFound, LetterBatchStateRefused) },
    },
  }, async (req, reply) => {
    const principal = req.principal()
    const { letterBatchId: batchId } = req.params
    const batch = await req.tx(async tx => await findBatch(tx, batchId))
    if (batch.state === 'cancelled') throw LetterBatchStateRefused({ state: batch.state })
    const source: Source = {
      open: async (paper, after) => await db.withTenant(principal, async tx => await openLetters(tx, vault, { batchId, paper, after, limit: openMax }), { readOnly: true }),
      // Past `req.tx`, which only reads here: that somebody read it is written down.
      reveal: async (paper, after) => await db.withTenant(principal, async tx => await revealLetters(tx, vault, { batchId, paper, after, limit: openMax })),
      done: async print => { await db.withTenant(principal, async tx => { await makeLetterBatch(tx, batchId, print) }) },
    }
    return await sendBatch(reply, batch, source)
  })

  app.post('/v1/letter-batches/:letterBatchId/posted', {
    config: { scope: 'letters:write' },
    schema: {
      operationId: 'postLetterBatch', tags, summary: 'Note that a batch was posted', description: 'Notes that all letters of a batch whose PDF was read were handed to the post.', params: batchPath, body: PostingInput,
      response: { 200: LetterBatch, ...problems(NotFound, LetterBatchStateRefused, PostedOnRefused) },
    },
  }, async req => shown(await req.tx(async tx => await postLetterBatch(tx, req.params.letterBatchId, req.body.postedOn))))

  app.post('/v1/letter-batches/:letterBatchId/cancel', {
    config: { scope: 'letters:write' },
    schema: {
      operationId: 'cancelLetterBatch', tags, summary: 'Dissolve a batch of letters', params: batchPath, response: { 200: LetterBatch, ...problems(NotFound, LetterBatchStateRefused) },
      description: `Puts the letters of a batch that was not posted back to wait, for what is left of the ${waitDaysMax} days since they were written. Destroy what was printed of it.`,
    },
  }, async req => shown(await req.tx(async tx => await cancelLetterBatch(tx, req.params.letterBatchId))))

  letterRoutes(app, services)
}

const letterRoutes: Api = (app, { vault, db }) => {
  app.get('/v1/letters', {
    config: { scope: 'letters:read' },
    schema: {
      operationId: 'listLetters', tags, summary: 'List letters', description: 'Letters by id, oldest first, without their texts and with the recipient masked; of one account, one batch or in one state, or all.',
      querystring: Type.Object({ ...PageQuery, accountId: Type.Optional(IdOf('account')), batchId: Type.Optional(IdOf('letterBatch')), state: Type.Optional(OneOf(letterStates, stateSays)) }, closed), response: { 200: Page(Letter, 'LetterPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const { data, nextCursor } = await listLetters(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    const safe = await vault.safeOf(tx)
    return { data: data.map(letter => showLetter(safe, letter)), nextCursor }
  }))

  app.get('/v1/letters/:letterId/text', {
    config: { scope: 'parties:reveal' },
    schema: {
      operationId: 'getLetterText', tags, summary: 'Read a letter in the clear', description: 'What a letter says and to whom. Who read it and what for is written down, and shown by `listReveals`.', params: letterPath,
      querystring: Type.Object({ purpose: OneOf(revealPurposes, 'What it is read for.') }, closed), response: { 200: LetterText, ...problems(NotFound, PartyWasErased) },
    },
    // Past `req.tx`, which only reads here.
  }, async req => await db.withTenant(req.principal(), async tx => await revealLetter(tx, vault, req.params.letterId, req.query.purpose)))

  app.post('/v1/letters/:letterId/returned', {
    config: { scope: 'letters:write' },
    schema: {
      operationId: 'returnLetter', tags, summary: 'Note that a letter came back', description: 'Notes that the post brought a letter back, and why.', params: letterPath, body: ReturnInput, response: { 200: Letter, ...problems(NotFound, LetterStateRefused) },
    },
  }, async req => await req.tx(async tx => await returnLetter(tx, vault, req.params.letterId, req.body.reason)))
}
