import { Type } from 'typebox'
import { Day } from '#kernel'
import { event } from '#platform'

export const ReferenceRateChanged = event('referenceRate.changed', 1, 'Values of a reference rate were recorded or corrected: debts whose interest follows it are computed anew from that day.', Type.Object({
  name: Type.String({ description: 'The rate\'s name.' }), fromOn: Type.Unsafe<string>({ ...Day, description: 'The first day for which it is another.' }),
  valueCount: Type.Integer({ description: 'How many values are new.' }),
}))
