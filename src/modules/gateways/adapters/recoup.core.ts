/**
 * Our own shape, which any gateway can be made to speak: JSON with a bearer token and an Idempotency-Key, answered by an id. Of the statuses only those that speak of
 * the message itself are final.
 */
export const recoup = {
  id: 'recoup', name: 'Recoup', source: 'the operations `createGateway` and `receiveGatewayCallback`', channels: ['email', 'sms'],
  credentials: [{ name: 'token', isRequired: false, meaning: 'sent as the bearer token' }],
  posting: {
    address: null, path: '', auth: { by: 'bearer', token: '{token}' }, headers: { 'idempotency-key': '{key}' }, body: 'json',
    fields: [{ name: 'to', value: '{to}' }, { name: 'text', value: '{text}' }, { name: 'key', value: '{key}' }, { name: 'from', value: '{from}' }, { name: 'callbackUrl', value: '{callbackUrl}' }],
    needsSender: false, dropsRepeats: true,
  },
  answering: { id: ['id'], finalStatuses: [400, 410, 422], code: null },
  signing: {
    at: { header: 'gateway-signature' }, prefix: 'v1,', key: 'secret', hash: 'sha256', encoding: 'base64', over: '{timestamp}.{body}',
    timestamp: { at: { header: 'gateway-timestamp' }, windowSeconds: 300 },
  },
  meaning: null,
}
