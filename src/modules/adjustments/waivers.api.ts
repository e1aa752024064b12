import { Type } from 'typebox'
import type { Static } from 'typebox'
import { Day, IdOf, OneOf, closed, problems } from '#kernel'
import { NotFound } from '#platform'
import type { Api } from '#platform'
import { ChargeAlreadyWaived, ChargeNotOpen, ChargeSchema, ChargeSuperseded, WaiverTooEarly, waiverReasons } from '../charges/index.ts'
import { AccountNotPlaced } from '../placements/index.ts'
import { AdjustmentInFuture } from './core.ts'
import { waiveCharge } from './waivers.commands.ts'

const WaiverInputSchema = Type.Object({
  reason: OneOf(waiverReasons, 'Why the charge is taken back.'),
  waivedOn: Type.Optional(Type.Unsafe<string>({ ...Day, description: 'The day it takes effect: not before the charge; today in the debtor\'s calendar when left out.' })),
}, { title: 'WaiverInput', ...closed, examples: [{ reason: 'goodwill' }, { reason: 'error', waivedOn: '2026-01-31' }] })
export type WaiverInput = Static<typeof WaiverInputSchema>

/** Charges taken back. */
export const waivers: Api = app => {
  app.post('/v1/charges/:chargeId/waive', {
    config: { scope: 'payments:write' },
    schema: {
      operationId: 'waiveCharge', tags: ['charges'], summary: 'Take a charge back', description: 'Takes a charge back, whole and once. What has been paid cannot be waived, and waived interest is not charged again. A waiver is one of the account\'s adjustments, and is undone as they are.',
      params: Type.Object({ chargeId: IdOf('charge') }), body: WaiverInputSchema, response: { 200: ChargeSchema, ...problems(NotFound, ChargeAlreadyWaived, ChargeNotOpen, ChargeSuperseded, AccountNotPlaced, WaiverTooEarly, AdjustmentInFuture) },
    },
  }, async req => await req.tx(async tx => await waiveCharge(tx, req.params.chargeId, req.body)))
}
