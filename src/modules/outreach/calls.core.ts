import { problem } from '#kernel'

/** The life of a call that is asked for: `open` from its day until somebody called, or its reason is gone. */
export const callStates = ['planned', 'open', 'done', 'cancelled'] as const
export type CallState = typeof callStates[number]

/** Why a call is no longer asked for. */
export const callReasons = ['placementEnded', 'onHold', 'nothingOwed', 'requested', 'strategyChanged'] as const
export type CallReason = typeof callReasons[number]

export const CallTaskEnded = problem('call-task-ended', 409, 'The call is no longer asked for.', 'Read the call task: `state` says what became of it.')
