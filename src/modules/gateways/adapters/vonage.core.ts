/**
 * Vonage SMS API, with signed webhooks by HMAC-SHA-256, which is to be asked for. It answers 200 to everything: the status in the answer is its word. Final are 6 (no such
 * number), 7 (barred), 12 (too long) and 33 (deactivated). It drops no repeats. A webhook that fails is sent again for 24 hours: its time is believed for as long, and its
 * event taken once. Errors 3, 4 and 9 of a receipt ask for the number to be given up.
 */
export const vonage = {
  id: 'vonage', name: 'Vonage', source: 'developer.vonage.com: api/sms, messaging/sms/guides, getting-started/concepts/signing-messages', channels: ['sms'],
  credentials: [
    { name: 'apiKey', isRequired: true, meaning: 'the account' }, { name: 'apiSecret', isRequired: true, meaning: 'its secret' },
    { name: 'signatureSecret', isRequired: true, meaning: 'what signs webhooks, by SHA-256 HMAC' },
  ],
  posting: {
    address: 'https://rest.nexmo.com', path: '/sms/json', auth: { by: 'basic', user: '{apiKey}', password: '{apiSecret}' }, headers: {}, body: 'form',
    fields: [
      { name: 'to', value: '{toDigits}' }, { name: 'from', value: '{from}' }, { name: 'text', value: '{text}' }, { name: 'type', value: '{alphabet}' },
      { name: 'client-ref', value: '{key}' }, { name: 'callback', value: '{callbackUrl}' },
    ],
    needsSender: true, dropsRepeats: false,
  },
  answering: { id: ['messages', 0, 'message-id'], finalStatuses: [], code: { path: ['messages', 0, 'status'], taken: ['0'], final: ['6', '7', '12', '33'] } },
  signing: {
    at: { field: 'sig' }, prefix: '', key: 'signatureSecret', hash: 'sha256', encoding: 'hex', over: '{pairs}',
    timestamp: { at: { field: 'timestamp' }, windowSeconds: 90_000 },
  },
  meaning: {
    receipts: {
      has: 'status', event: '{messageId}:{status}', messageId: '{client-ref}', providerId: '{messageId}', kinds: { delivered: 'delivered', expired: 'failed', failed: 'failed', rejected: 'failed' },
      bounces: { field: 'err-code', values: ['3', '4', '9'] },
    },
    replies: { has: 'text', event: '{messageId}', from: 'msisdn', text: 'text', hasPlus: false, refusal: null },
  },
}
