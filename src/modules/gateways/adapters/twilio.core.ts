/**
 * Twilio Programmable Messaging. It drops no repeats, and signs no time: what is sent again is known by its event. The callback's address carries our id, so that a
 * receipt finds its message even when the answer to it was lost. Final are the errors of the number and the text: 21211 and 21614 (no number for SMS), 21610 (the
 * recipient opted out), 21635 (a landline), 21617 (too long). 30005 and 30006 say that the number is unknown or a landline.
 */
export const twilio = {
  id: 'twilio', name: 'Twilio', source: 'twilio.com/docs: messaging/api/message-resource, usage/security, messaging/guides/webhook-request, api/errors', channels: ['sms'],
  credentials: [
    { name: 'accountSid', isRequired: true, meaning: 'the account' },
    { name: 'authToken', isRequired: true, meaning: 'its token, which signs callbacks too' },
  ],
  posting: {
    address: 'https://api.twilio.com', path: '/2010-04-01/Accounts/{accountSid}/Messages.json', auth: { by: 'basic', user: '{accountSid}', password: '{authToken}' }, headers: {}, body: 'form',
    fields: [
      { name: 'To', value: '{to}' }, { name: 'Body', value: '{text}' }, { name: 'MessagingServiceSid', value: '{from}', ifSender: '^MG[0-9a-f]{32}$' },
      { name: 'From', value: '{from}', ifSender: '^(?!MG[0-9a-f]{32}$)' }, { name: 'StatusCallback', value: '{callbackUrl}?message={key}' },
    ],
    needsSender: true, dropsRepeats: false,
  },
  answering: { id: ['sid'], finalStatuses: [], code: { path: ['code'], final: ['21211', '21610', '21614', '21617', '21635'] } },
  signing: { at: { header: 'x-twilio-signature' }, prefix: '', key: 'authToken', hash: 'sha1', encoding: 'base64', over: '{url}{fields}', timestamp: null },
  meaning: {
    receipts: {
      has: 'MessageStatus', event: '{MessageSid}:{MessageStatus}', messageId: '{query:message}', providerId: '{MessageSid}', kinds: { delivered: 'delivered', read: 'delivered', undelivered: 'failed', failed: 'failed' },
      bounces: { field: 'ErrorCode', values: ['30005', '30006'] },
    },
    replies: { has: 'Body', event: '{MessageSid}', from: 'From', text: 'Body', hasPlus: true, refusal: { field: 'OptOutType', values: ['STOP'] } },
  },
}
