import { Type } from 'typebox'
import { IdOf, OneOf, closed, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { acceptReturn, confirmRecall, contestRecall, recallPlacement, refuseReturn, requestReturn, returnPlacement, withdrawRecall } from './endings.commands.ts'
import { PlacementDeadlinePassed, PlacementStateRefused, PlacementStepNotYours, ReturnNeedsConsent, contestReasons, recallReasons } from './life.core.ts'
import { Placement, showPlacement } from './placement.api.ts'

const RecallInput = Type.Object({
  mandatory: Type.Optional(Type.Boolean({ description: 'True: a regulator wants it, the debt was sold, it is fraud: it leaves at once and cannot be contested. False when left out.' })),
  reason: Type.Optional(OneOf(recallReasons, 'Why the debt is taken back.')),
}, { title: 'RecallInput', ...closed, examples: [{ reason: 'sold', mandatory: true }] })

const ContestInput = Type.Object({
  reason: OneOf(contestReasons, 'Why the debt should stay.'),
  evidence: Type.Optional(Type.String({ pattern: '^[A-Za-z0-9][A-Za-z0-9._:/-]{0,199}$', description: 'Where is found what there is to show for it: a file number or path of your own, nothing personal.' })),
}, { title: 'RecallContest', ...closed, examples: [{ reason: 'paymentPending', evidence: 'BK-2026-0117' }] })

const returnSteps = [
  { path: 'return', command: returnPlacement, operationId: 'returnPlacement', summary: 'Return a placement', description: 'The agency gives the debt back to its lender. Where the agreement has `returnNeedsConsent`, ask with `requestReturn` instead.' },
  { path: 'return-request', command: requestReturn, operationId: 'requestReturn', summary: 'Ask to return a placement', description: 'The agency asks the lender to take the debt back: the placement is `returnRequested` and worked on until the lender answers, or is returned when the answer is due. Where the agreement wants no consent, it is returned at once.' },
  { path: 'accept-return', command: acceptReturn, operationId: 'acceptReturn', summary: 'Agree to a return', description: 'The lender takes back, with its own key, what the agency asked to return.' },
  { path: 'refuse-return', command: refuseReturn, operationId: 'refuseReturn', summary: 'Refuse a return', description: 'The lender wants the debt to stay with the agency, and says so with its own key: the placement is active again.' },
  { path: 'withdraw-recall', command: withdrawRecall, operationId: 'withdrawRecall', summary: 'Withdraw a recall', description: 'The lender leaves the debt with the agency, contested or not, and says so with its own key before the recall takes effect.' },
  { path: 'confirm-recall', command: confirmRecall, operationId: 'confirmRecall', summary: 'Confirm a contested recall', description: 'The lender takes the debt back although the agency contests that, with its own key. Without an answer the recall takes effect when the time is over.' },
] as const

/** How placements end between the lender and the agency: recalls, and returns. */
export const endingsApi: Api = app => {
  const tags = ['placements']
  const path = Type.Object({ placementId: IdOf('placement') })
  const refusals = [NotFound, PlacementStepNotYours, PlacementStateRefused, PlacementDeadlinePassed] as const

  app.post('/v1/placements/:placementId/recall', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'recallPlacement', tags, summary: 'Recall a placement', params: path,
      description: 'The lender takes the debt back. Nothing more is sent or charged, and what is still owed leaves the agency\'s books. Where the agreement has `recallContestDays` the placement is `recallPending` and worked on until they are over, unless the recall is mandatory; to stop contact meanwhile, place a hold of the kind `lenderRequest`.',
      body: Type.Union([RecallInput, Type.Null()], { examples: [{ reason: 'sold', mandatory: true }] }), response: { 200: Placement, ...problems(...refusals) },
    },
  }, async req => await req.tx(async tx => showPlacement(await recallPlacement(tx, req.params.placementId, req.body ?? {}))))

  app.post('/v1/placements/:placementId/contest-recall', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'contestRecall', tags, summary: 'Contest a recall', params: path,
      description: 'The agency says why a debt should stay, before the recall takes effect. The lender withdraws or confirms it; without an answer it takes effect on the day it would have.',
      body: ContestInput, response: { 200: Placement, ...problems(...refusals) },
    },
  }, async req => await req.tx(async tx => showPlacement(await contestRecall(tx, req.params.placementId, req.body))))

  for (const { path: verb, command, ...said } of returnSteps) {
    app.post(`/v1/placements/:placementId/${verb}`, {
      config: { scope: 'placements:write' },
      schema: { ...said, tags, params: path, response: { 200: Placement, ...problems(...refusals, ...verb === 'return' ? [ReturnNeedsConsent] : []) } },
    }, async req => await req.tx(async tx => showPlacement(await command(tx, req.params.placementId))))
  }
}
