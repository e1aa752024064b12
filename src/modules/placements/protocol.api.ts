import { Type } from 'typebox'
import { Day, IdOf, OneOf, closed, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { AnswersRefused, ExtensionRefused, PlacementDeadlinePassed, PlacementStateRefused, PlacementStepNotYours, extensionReasons } from './life.core.ts'
import { Placement, showPlacement } from './placement.api.ts'
import { extendPlacement, provideInformation, requestInformation } from './protocol.commands.ts'

const texts = (description: string) => Type.Array(Type.String({ minLength: 1, maxLength: 500, description: 'A code, or a sentence. Of the debt, never of a person: no names, numbers or addresses.' }), { minItems: 1, maxItems: 20, description })

/** What is asked, told and agreed between the lender and the agency about a placement beside the steps that have no body. */
export const protocolApi: Api = app => {
  const tags = ['placements']
  const path = Type.Object({ placementId: IdOf('placement') })
  const refusals = [NotFound, PlacementStepNotYours, PlacementStateRefused, PlacementDeadlinePassed] as const

  app.post('/v1/placements/:placementId/request-information', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'requestInformation', tags, summary: 'Ask about an offered placement', params: path,
      description: 'The agency asks the lender before it accepts or declines. The placement is `infoRequested` and its time to decide stands still until the lender answers; the agency can still decline.',
      body: Type.Object({ questions: texts('What the agency wants to know.') }, { title: 'InformationRequest', ...closed, examples: [{ questions: ['contractCopy', 'Which payments were made after the due date?'] }] }),
      response: { 200: Placement, ...problems(...refusals) },
    },
  }, async req => await req.tx(async tx => showPlacement(await requestInformation(tx, req.params.placementId, req.body.questions))))

  app.post('/v1/placements/:placementId/provide-information', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'provideInformation', tags, summary: 'Answer what the agency asked', params: path,
      description: 'The lender answers, with its own key: one answer for each question, in their order. The placement is `offered` again, and the agency has what was left of its time.',
      body: Type.Object({ answers: texts('The answers, in the order of the questions.') }, { title: 'InformationAnswer', ...closed, examples: [{ answers: ['Sent with the documents of the debt.', 'None.'] }] }),
      response: { 200: Placement, ...problems(...refusals, AnswersRefused) },
    },
  }, async req => await req.tx(async tx => showPlacement(await provideInformation(tx, req.params.placementId, req.body.answers))))

  app.post('/v1/placements/:placementId/extend', {
    config: { scope: 'placements:write' },
    schema: {
      operationId: 'extendPlacement', tags, summary: 'Extend the term of a placement', params: path,
      description: 'The agency goes on working the debt until the end of a later day, with the reason. All extensions together are at most `extensionDaysMax` of the agreement. Without one the placement is closed with the code `termEnded` when its last day is over.',
      body: Type.Object({
        until: Type.Unsafe<string>({ ...Day, description: 'The new last day of the term, in the debt\'s calendar.' }), reason: OneOf(extensionReasons, 'Why work goes on; `agreed`: the lender wants it.'),
      }, { title: 'TermExtension', ...closed, examples: [{ until: '2026-08-31', reason: 'plan' }] }),
      response: { 200: Placement, ...problems(...refusals, ExtensionRefused) },
    },
  }, async req => await req.tx(async tx => showPlacement(await extendPlacement(tx, req.params.placementId, req.body))))
}
