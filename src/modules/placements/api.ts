import { Type } from 'typebox'
import { IdOf, OneOf, Page, PageQuery, closed, problems } from '#kernel'
import { NotAllowed, NotFound, keyset } from '#platform'
import type { Api, Caller } from '#platform'
import { AgreementMissing } from '../lenders/index.ts'
import { ContactPointRefused } from '../parties/index.ts'
import { batchApi } from './batch.api.ts'
import { acceptPlacement, createPlacement, declinePlacement, endPlacement } from './commands.ts'
import {
  BalanceRefused, CurrencyChanged, CurrencyUnknown, DaysOutOfOrder, NobodyLiable, PlacementDuplicate, TimeZoneUnknown, closeCodes,
} from './core.ts'
import { findPlacement, listPlacements } from './db.ts'
import { endingsApi } from './endings.api.ts'
import { PlacementInput } from './input.commands.ts'
import { PlacementDeadlinePassed, PlacementStateRefused, PlacementStepNotYours } from './life.core.ts'
import { Placement, State, showPlacement } from './placement.api.ts'
import { protocolApi } from './protocol.api.ts'

/** What can be wrong with a debt, wherever it is handed over. */
export const debtProblems = [
  CurrencyUnknown, AgreementMissing, TimeZoneUnknown, DaysOutOfOrder, BalanceRefused, NobodyLiable, ContactPointRefused, PlacementDuplicate, CurrencyChanged,
] as const

/** What a step of a placement's life can be refused for. */
const stepProblems = [NotFound, PlacementStepNotYours, PlacementStateRefused, PlacementDeadlinePassed] as const

const steps = [
  { path: 'accept', command: acceptPlacement, operationId: 'acceptPlacement', summary: 'Accept a placement', description: 'The agency takes an offered debt on and works it from now.' },
  { path: 'decline', command: declinePlacement, operationId: 'declinePlacement', summary: 'Decline a placement', description: 'The agency does not take an offered debt.' },
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
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showPlacement(await createPlacement(tx, vault, req.body)))))

  app.get('/v1/placements', {
    config: { scope: 'placements:read' },
    schema: {
      operationId: 'listPlacements', tags, summary: 'List placements', description: 'Placements by id. A lender\'s key sees its own.',
      querystring: Type.Object({ ...PageQuery, lenderId: Type.Optional(IdOf('lender')), accountId: Type.Optional(IdOf('account')), state: Type.Optional(State) }, closed),
      response: { 200: Page(Placement, 'PlacementPage') },
    },
  }, async req => await req.tx(async tx => {
    const { limit, cursor, ...filter } = req.query
    const { data, nextCursor } = await listPlacements(tx, filter, keyset({ ...limit !== undefined && { limit }, ...cursor !== undefined && { cursor } }))
    return { data: data.map(showPlacement), nextCursor }
  }))

  app.get('/v1/placements/:placementId', {
    config: { scope: 'placements:read' },
    schema: { operationId: 'getPlacement', tags, summary: 'Read a placement', description: 'One hand-over of a debt, and where it stands.', params: path, response: { 200: Placement, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => {
    const placement = await findPlacement(tx, req.params.placementId)
    if (placement === null) throw NotFound()
    return showPlacement(placement)
  }))

  for (const { path: verb, command, ...said } of steps) {
    app.post(`/v1/placements/:placementId/${verb}`, {
      config: { scope: 'placements:write' },
      schema: { ...said, tags, params: path, response: { 200: Placement, ...problems(...stepProblems) } },
    }, async req => {
      requireAgency(req.caller)
      return await req.tx(async tx => showPlacement(await command(tx, req.params.placementId)))
    })
  }

  app.post('/v1/placements/:placementId/close', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'closePlacement', tags, summary: 'Close a placement', description: 'Ends work on a debt, with the reason. What is owed stays to be seen.', params: path,
      body: Type.Object({ closeCode: OneOf(closeCodes, 'Why work ends.') }, { title: 'PlacementClosing', ...closed, examples: [{ closeCode: 'untraceable' }] }),
      response: { 200: Placement, ...problems(...stepProblems) },
    },
  }, async req => {
    requireAgency(req.caller)
    return await req.tx(async tx => showPlacement(await endPlacement(tx, req.params.placementId, req.body.closeCode)))
  })
  protocolApi(app, services)
  endingsApi(app, services)
  batchApi(app, services)
}
