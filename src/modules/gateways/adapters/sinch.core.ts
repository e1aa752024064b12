/**
 * Sinch SMS REST API, with HMAC-SHA-256 for the callbacks of the service plan. It drops no repeats. A callback that fails is tried again over a day and a half: its time is
 * believed for as long, and its event taken once. Its reports do not say that a number is no good for ever. Accounts elsewhere than in the United States name
 * the address of their region.
 */
export const sinch = {
  id: 'sinch', name: 'Sinch', source: 'developers.sinch.com/docs/sms/api-reference: batches, delivery reports, webhooks', channels: ['sms'],
  credentials: [
    { name: 'servicePlanId', isRequired: true, meaning: 'the service plan' }, { name: 'apiToken', isRequired: true, meaning: 'its token' },
    { name: 'webhookSecret', isRequired: true, meaning: 'what signs its callbacks' },
  ],
  posting: {
    address: 'https://us.sms.api.sinch.com', path: '/xms/v1/{servicePlanId}/batches', auth: { by: 'bearer', token: '{apiToken}' }, headers: {}, body: 'json',
    fields: [
      { name: 'type', value: 'mt_text' }, { name: 'to', value: '{to}', isList: true }, { name: 'from', value: '{from}' }, { name: 'body', value: '{text}' },
      { name: 'delivery_report', value: 'per_recipient_final' }, { name: 'client_reference', value: '{key}' }, { name: 'callback_url', value: '{callbackUrl}' },
    ],
    needsSender: false, dropsRepeats: false,
  },
  answering: { id: ['id'], finalStatuses: [400], code: null },
  signing: {
    at: { header: 'x-sinch-webhook-signature' }, prefix: '', key: 'webhookSecret', hash: 'sha256', encoding: 'base64', over: '{body}.{header:x-sinch-webhook-signature-nonce}.{timestamp}',
    timestamp: { at: { header: 'x-sinch-webhook-signature-timestamp' }, windowSeconds: 172_800 },
  },
  meaning: {
    receipts: {
      has: 'status', event: '{batch_id}:{status}', messageId: '{client_reference}', providerId: '{batch_id}', bounces: null,
      kinds: { Delivered: 'delivered', Aborted: 'failed', Cancelled: 'failed', Rejected: 'failed', Deleted: 'failed', Failed: 'failed', Expired: 'failed' },
    },
    replies: { has: 'body', event: '{id}', from: 'from', text: 'body', hasPlus: false, refusal: null },
  },
}
