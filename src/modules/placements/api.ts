import { Type } from 'typebox'
import { Day, IdOf, Instant, Nullable, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api, Caller } from '#platform'
import { AgreementMissing } from '../lenders/index.ts'
import { ContactPointRefused } from '../parties/index.ts'
import { batchApi } from './batch.api.ts'
import { acceptPlacement, createPlacement, declinePlacement, endPlacement, recallPlacement, returnPlacement } from './commands.ts'
import {
  BalanceRefused, CurrencyChanged, CurrencyUnknown, DaysOutOfOrder, NobodyLiable, PlacementDuplicate, PlacementStateRefused, TimeZoneUnknown, closeCodes, placementStates,
} from './core.ts'
import { findPlacement, listPlacements } from './db.ts'
import { PlacementInput } from './input.commands.ts'

const State = OneOf(placementStates, 'Where the placement stands.')

const Placement = Type.Object({
  id: IdOf('placement'), accountId: IdOf('account'), lenderId: IdOf('lender'), lenderReference: Type.String({ description: 'The lender\'s own number of the debt.' }),
  state: State, placementNumber: Type.Integer({ description: '1 for the first hand-over of the debt to the agency, 2 for the second.' }), agreementId: IdOf('agreement'),
  batchId: Nullable(IdOf('placementBatch')), placedOn: Day, termEndsOn: Type.Unsafe<string>({ ...Day, description: 'The last day of the agreed term.' }),
  closeCode: Nullable(OneOf(closeCodes, 'Why work ended.')), endedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Placement' })

/** What can be wrong with a debt, wherever it is handed over. */
export const debtProblems = [
  CurrencyUnknown, AgreementMissing, TimeZoneUnknown, DaysOutOfOrder, BalanceRefused, NobodyLiable, ContactPointRefused, PlacementDuplicate, CurrencyChanged,
] as const

const steps = [
  { path: 'accept', isAgencyOnly: true, command: acceptPlacement, operationId: 'acceptPlacement', summary: 'Accept a placement', description: 'The agency takes an offered debt on and works it from now.' },
  { path: 'decline', isAgencyOnly: true, command: declinePlacement, operationId: 'declinePlacement', summary: 'Decline a placement', description: 'The agency does not take an offered debt.' },
  { path: 'recall', isAgencyOnly: false, command: recallPlacement, operationId: 'recallPlacement', summary: 'Recall a placement', description: 'The lender takes the debt back. Nothing more is sent or charged, and what is still owed leaves the agency\'s books.' },
  { path: 'return', isAgencyOnly: true, command: returnPlacement, operationId: 'returnPlacement', summary: 'Return a placement', description: 'The agency gives the debt back to its lender.' },
] as const

/** A lender places and recalls; what becomes of a debt in between is the agency's to say. Throws `NotAllowed`. */
const requireAgency = ({ lenderId }: Caller): void => {
  if (lenderId !== null) throw NotAllowed({ reason: 'only the agency does this' })
}

export const api: Api = (app, services) => {
  const { vault } = services
  const tags = ['placements']
  const path = Type.Object({ placementId: IdOf('placement') })

  app.post('/v1/placements', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'createPlacement', tags, summary: 'Place a debt', description: 'Hands one debt over. A debt whose placements have all ended is placed again under the next number, and then owes exactly the balance given.',
      body: PlacementInput, response: { 201: Placement, ...problems(NotFound, ...debtProblems) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createPlacement(tx, vault, req.body))))

  app.get('/v1/placements', {
    config: { scope: 'placements:read' },
    schema: {
      operationId: 'listPlacements', tags, summary: 'List placements', description: 'Placements by id. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')), accountId: Type.Optional(IdOf('account')), state: Type.Optional(State) }, closed),
      response: { 200: Page(Placement, 'PlacementPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    return await listPlacements(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
  }))

  app.get('/v1/placements/:placementId', {
    config: { scope: 'placements:read' },
    schema: { operationId: 'getPlacement', tags, summary: 'Read a placement', description: 'One hand-over of a debt, and where it stands.', params: path, response: { 200: Placement, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const placement = await findPlacement(tx, req.params.placementId)
    if (placement === null) throw NotFound()
    return placement
  }))

  for (const { path: verb, isAgencyOnly, command, ...said } of steps) {
    app.post(`/v1/placements/:placementId/${verb}`, {
      config: { scope: 'placements:write' },
      schema: { ...said, tags, params: path, response: { 200: Placement, ...problems(NotFound, PlacementStateRefused) } },
    }, async req => {
      if (isAgencyOnly) requireAgency(req.caller)
      return await req.tx(async tx => await command(tx, req.params.placementId))
    })
  }

  app.post('/v1/placements/:placementId/close', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'closePlacement', tags, summary: 'Close a placement', description: 'Ends work on a debt, with the reason. What is owed stays to be seen.', params: path,
      body: Type.Object({ closeCode: OneOf(closeCodes, 'Why work ends.') }, { title: 'PlacementClosing', ...closed, examples: [{ closeCode: 'untraceable' }] }),
      response: { 200: Placement, ...problems(NotFound, PlacementStateRefused) },
    },
  }, async req => {
    requireAgency(req.caller)
    return await req.tx(async tx => await endPlacement(tx, req.params.placementId, req.body.closeCode))
  })
  batchApi(app, services)
}
