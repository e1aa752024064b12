import { Type } from 'typebox'
import { IdOf, Nullable } from '#kernel'
import { event } from '#platform'

const about = { strategyId: IdOf('strategy'), name: Type.String({ description: 'What it is called.' }), version: Type.Integer({ description: 'Which version.' }) }

export const StrategyActivated = event('strategy.activated', 1, 'A version of a strategy came into use. What is enrolled already stays with its own.', Type.Object(about))
export const StrategyRetired = event('strategy.retired', 1, 'A strategy went out of use. What is enrolled stays with it.', Type.Object(about))
export const StrategyEnrolled = event('strategy.enrolled', 1, 'A debt follows a strategy from now on.', Type.Object({
  enrolmentId: IdOf('enrolment'), placementId: IdOf('placement'), accountId: IdOf('account'), strategyVersionId: Nullable(IdOf('strategyVersion')),
}))
