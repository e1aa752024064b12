import helmet from '@fastify/helmet'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import { problems } from '#kernel'
import { DatabaseUnavailable } from '../db/tx.ts'
import { eventTypes } from '../events/outbox.ts'
import type { App } from './api.ts'
import { InvalidRequest, NotAllowed, TooManyRequests, Unauthenticated } from './problem.ts'

/** Where the reference page is; its routes are a library's own, and open to everybody. */
export const docsPrefix = '/docs'

/** What each group of operations is about, as the document says it. */
const tags: Record<string, string> = {
  tenants: 'Agencies, their staff, keys and test clocks.',
  secrets: 'The keys that personal data is sealed with.',
  rates: 'Reference rates that interest follows, with their history.',
  lenders: 'The creditors that place debts, and what was agreed with them.',
  parties: 'Borrowers and others, and how they can be reached.',
  accounts: 'The debts themselves.',
  placements: 'Debts handed over, one by one or in batches.',
  ledger: 'Every movement of money, and balances as of any day.',
  policy: 'What the law allows, asked before every contact and charge.',
  templates: 'What messages say: texts of the agency\'s own, by code, channel and language.',
  protection: 'Disputes and holds.',
  complaints: 'Complaints about your conduct, and what came of them; what people can pay.',
  charges: 'Interest and late fees.',
  payments: 'Money received, how it was allocated, when it cleared, and reversals.',
  commissions: 'What the agency earned.',
  adjustments: 'Costs, discounts, write-offs and corrections: what changes a balance and is no payment.',
  remittances: 'Statements, remittances and invoices, and how long trust money has waited.',
  bank: 'What the bank says moved, which entries of the journal that is, and trust money reconciled three ways.',
  contacts: 'Permits to contact, and the record of contacts.',
  promises: 'Promises to pay, kept or broken by what is received.',
  retention: 'How long what is known of people is kept, and what will be deleted.',
  optOuts: 'Refusing further contact by link and by one click: for the people you write to, without a key.',
  strategies: 'What is done about debts, day by day past due.',
  letters: 'Letters to borrowers, printed in batches and taken to the post by hand.',
  gateways: 'Providers of mail and SMS: your own, by their adapters.',
  outreach: 'Messages to borrowers, and calls that collectors are asked to make.',
  callbacks: 'What comes back from providers: receipts, replies, refusals.',
  queues: 'Work for collectors.',
  calculations: 'What-if, without an account: the sums that post money, asked with figures of your own. Nothing is read and nothing is kept.',
  webhooks: 'Endpoints, deliveries and the event feed.',
  operations: 'For the operator of the installation.',
}

interface Schema { [key: string]: unknown }
interface Document { paths: Schema, components?: { schemas?: Schema }, webhooks?: Schema }

/** Adds the OpenAPI document, made from the routes' schemas, and a reference page that needs no network. */
export async function addDocument (app: App): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Recoup', version: '1',
        description: 'The system a debt-collection agency runs on, and the API its lenders integrate against. Amounts are integers in minor units beside their currency; days are `YYYY-MM-DD`; every refusal is RFC 9457 problem details.',
        license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
      },
      servers: [{ url: '/', description: 'This installation.' }],
      tags: Object.entries(tags).map(([name, description]) => ({ name, description })),
      components: { securitySchemes: { key: { type: 'http', scheme: 'bearer', description: 'An API key, `rk_live_...` or `rk_test_...`.' } } },
      security: [{ key: [] }],
    },
    transform: ({ schema, url, route }) => {
      const scope = (route.config as { scope?: string | null } | undefined)?.scope
      const shown = { ...(schema ?? {}) } as Schema
      const refusals = scope === null ? [InvalidRequest, DatabaseUnavailable] : [InvalidRequest, Unauthenticated, NotAllowed, TooManyRequests, DatabaseUnavailable]
      shown['response'] = { ...problems(...refusals), ...shown['response'] as Schema | undefined }
      if (scope === null) shown['security'] = []
      else if (scope !== undefined) shown['description'] = `${String(shown['description'] ?? '')}\n\nScope: \`${scope}\`.`.trim()
      if (!url.startsWith('/v1/')) shown['hide'] = true
      return { schema: shown, url }
    },
  })
  await app.register(async page => {
    await page.register(helmet, { contentSecurityPolicy: false })
    await page.register(swaggerUi, { routePrefix: docsPrefix, staticCSP: true, uiConfig: { docExpansion: 'none', deepLinking: true, filter: true }, transformSpecification: document => hoist(document as unknown as Document) as Record<string, unknown> })
  })
}

/** The document as it is committed and served: schemas with a title once, under `components`, and the events as webhooks. */
export function documentOf (app: FastifyInstance): object {
  return hoist({ ...(app.swagger() as unknown as Document), webhooks: webhooks() })
}

const webhooks = (): Schema => Object.fromEntries(eventTypes().map(type => [type.name, {
  post: {
    operationId: type.name, tags: ['webhooks'], summary: type.name, description: type.description,
    requestBody: { required: true, content: { 'application/json': { schema: envelope(type.name, type.schema) } } },
    responses: { 200: { description: 'Any 2xx: received.' } },
  },
}]))

const envelope = (name: string, data: object): Schema => ({
  type: 'object', required: ['id', 'type', 'apiVersion', 'sequence', 'tenantId', 'occurredAt', 'recordedAt', 'correlationId', 'livemode', 'data'],
  properties: {
    id: { type: 'string', description: 'Id of the event: the same at every attempt.' }, type: { const: name, description: 'What happened.' },
    apiVersion: { type: 'integer', description: 'Version of the shape of `data`.' }, sequence: { type: 'integer', description: 'Place in your feed: without gaps, in order of commit.' },
    tenantId: { type: 'string', description: 'The agency.' }, lenderId: { type: 'string', description: 'The lender it concerns; left out when none.' }, accountId: { type: 'string', description: 'The account it concerns; left out when none.' },
    occurredAt: { type: 'string', format: 'date-time', description: 'When it happened, by the agency\'s clock.' }, recordedAt: { type: 'string', format: 'date-time', description: 'When it was written down.' },
    correlationId: { type: 'string', description: 'The request or work it came from.' }, livemode: { type: 'boolean', description: 'False in a sandbox.' },
    data: { type: 'object', required: ['object'], properties: { object: data }, description: 'The facts.' },
  },
})

function hoist (document: Document): object {
  const schemas: Schema = {}
  const visit = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(visit)
    if (value === null || typeof value !== 'object') return value
    const node = Object.fromEntries(Object.entries(value).map(([key, child]) => [key, visit(child)]))
    const { title } = node
    if (typeof title !== 'string' || !('type' in node || 'anyOf' in node)) return node
    schemas[title] ??= node
    return { $ref: `#/components/schemas/${title}` }
  }
  const { components, ...rest } = document
  const hoisted = visit(rest) as Schema
  return { ...hoisted, components: { ...components, schemas: Object.fromEntries(Object.entries(schemas).sort(([a], [b]) => a < b ? -1 : 1)) } }
}
