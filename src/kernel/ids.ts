/** Kinds of things that have an id, each with the prefix it carries on the wire. */
export const idPrefixes = {
  tenant: 'ten', staff: 'stf', apiKey: 'key', testClock: 'clk', dataKey: 'dek',
  referenceRate: 'rrt',
  lender: 'len', agreement: 'agr',
  party: 'pty', contactPoint: 'cpt', consent: 'cns', contactHours: 'chr', reveal: 'rvl',
  account: 'acc', document: 'doc',
  placementBatch: 'bat', placement: 'plc', columnMapping: 'map',
  journalEntry: 'jrn', trustCure: 'cur',
  policyDecision: 'dec', houseRules: 'hsr', policyExemption: 'exm', permit: 'prm',
  hold: 'hld', dispute: 'dsp', complaint: 'cmp', hardshipAssessment: 'hsa',
  charge: 'chg', adjustment: 'adj',
  payment: 'pay', paymentReversal: 'rev', correction: 'cor', receipt: 'rcp', receiptReturn: 'rct', refund: 'rfd',
  commissionEntry: 'cme',
  statement: 'stm', invoice: 'inv', invoiceSettlement: 'ise', remittance: 'rem', remittanceRun: 'rmr', remittanceSchedule: 'rms',
  commissionPlan: 'cpl',
  bankStatement: 'bst', bankLine: 'bln',
  template: 'tpl', templateVersion: 'tpv', templateActivation: 'tpa',
  strategy: 'sty', strategyVersion: 'sve', enrolment: 'enr',
  message: 'msg', callTask: 'clt', contactAttempt: 'att', letter: 'ltr', letterBatch: 'lbt', mailboxLetter: 'mbl',
  gateway: 'gtw', gatewayEvent: 'gwe',
  promise: 'pms',
  queue: 'que', workItem: 'wrk', lease: 'lea', workCompletion: 'wcm',
  webhookEndpoint: 'whe', delivery: 'dlv',
  event: 'evt', operation: 'opn', deadLetter: 'dlt',
} as const

export type IdKind = keyof typeof idPrefixes

/** The id of a `K`: its prefix, an underscore and a time-ordered UUID, such as `acc_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44`. */
export type Id<K extends IdKind> = `${(typeof idPrefixes)[K]}_${string}` & { readonly kind?: K }

const uuid = '[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}'

/** The pattern an id of this kind obeys on the wire. */
export const idPattern = (kind: IdKind): string => `^${idPrefixes[kind]}_${uuid}$`

/** Names a UUID as an id of a kind. A brand constructor: the caller knows the kind. */
export const idOf = <K extends IdKind>(kind: K, value: string): Id<K> => `${idPrefixes[kind]}_${value}` as Id<K>

/** The UUID inside an id: what the database stores. */
export const uuidOf = (id: string): string => id.slice(id.indexOf('_') + 1)
