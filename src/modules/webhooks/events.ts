import { Type } from 'typebox'
import { IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { pauseReasons, testType } from './core.ts'

const Endpoint = { webhookEndpointId: IdOf('webhookEndpoint') }

export const WebhookEndpointCreated = event('webhookEndpoint.created', 1, 'An endpoint for webhooks was made.', Type.Object(Endpoint))
export const WebhookEndpointUpdated = event('webhookEndpoint.updated', 1, 'An endpoint got another address, other filters or another description.', Type.Object(Endpoint))
export const WebhookEndpointDeleted = event('webhookEndpoint.deleted', 1, 'An endpoint was deleted; nothing is sent there any more.', Type.Object(Endpoint))
export const WebhookSecretRotated = event('webhookEndpoint.secretRotated', 1, 'An endpoint got a new signing secret; the one before signs along for the overlap.', Type.Object(Endpoint))
export const WebhookEndpointPaused = event('webhookEndpoint.paused', 1, 'An endpoint is sent nothing for now. What happens is kept for it until it is resumed. Told to your other endpoints and in the feed.',
  Type.Object({ ...Endpoint, reason: OneOf(pauseReasons, '`failing`: it took nothing for 72 hours; `gone`: it answered 410; `requested`: somebody asked for it.') }))
export const WebhookEndpointResumed = event('webhookEndpoint.resumed', 1, 'A paused endpoint is sent everything that was kept for it.', Type.Object(Endpoint))
export const WebhookTested = event(testType, 1, 'A test of one endpoint, sent to it and to no other.', Type.Object(Endpoint))
