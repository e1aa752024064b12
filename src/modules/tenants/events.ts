import { Type } from 'typebox'
import { IdOf } from '#kernel'
import { event } from '#platform'

const Key = Type.Object({ apiKeyId: IdOf('apiKey') })

export const ApiKeyCreated = event('apiKey.created', 1, 'A key to the API was made.', Key)
export const ApiKeyRotated = event('apiKey.rotated', 1, 'A key got a successor; the old one stays good for the overlap.',
  Type.Object({ apiKeyId: IdOf('apiKey'), successorId: IdOf('apiKey') }))
export const ApiKeyRevoked = event('apiKey.revoked', 1, 'A key was revoked and works no more.', Key)
export const TestClockStarted = event('testClock.started', 1, 'The sandbox is on its way to the time asked for.',
  Type.Object({ testClockId: IdOf('testClock'), targetAt: Type.String({ format: 'date-time', description: 'Where it is going.' }) }))
export const TestClockAdvanced = event('testClock.advanced', 1, 'The sandbox arrived at the time asked for; everything due on the way has been done.',
  Type.Object({ testClockId: IdOf('testClock'), nowAt: Type.String({ format: 'date-time', description: 'The time of the sandbox.' }) }))
