import { Type } from 'typebox'
import { IdOf, OneOf } from '#kernel'
import { event } from '#platform'
import { gatewayChannels } from './adapter.core.ts'
import { adapterIds } from './core.ts'

const gateway = { gatewayId: IdOf('gateway'), channel: OneOf(gatewayChannels, 'What it sends.'), adapter: OneOf(adapterIds, 'How it is spoken to.') }

export const GatewayActivated = event('gateway.activated', 1, 'Messages of a channel go out by this gateway from now on.', Type.Object(gateway))
export const GatewayDisabled = event('gateway.disabled', 1, 'A gateway is given no more messages: another took its place, or somebody asked for it.', Type.Object(gateway))
export const GatewayCredentialsRotated = event('gateway.credentialsRotated', 1, 'A gateway got other credentials or another secret.', Type.Object(gateway))
