import { api as accounts } from './modules/accounts/index.ts'
import { api as adjustments } from './modules/adjustments/index.ts'
import { api as bank } from './modules/bank/index.ts'
import { api as calculations } from './modules/calculations/index.ts'
import { api as callbacks } from './modules/callbacks/index.ts'
import { api as charges } from './modules/charges/index.ts'
import { api as commissions } from './modules/commissions/index.ts'
import { api as complaints } from './modules/complaints/index.ts'
import { api as contacts } from './modules/contacts/index.ts'
import { api as gateways } from './modules/gateways/index.ts'
import { api as ledger } from './modules/ledger/index.ts'
import { api as lenders } from './modules/lenders/index.ts'
import { api as letters } from './modules/letters/index.ts'
import { api as limitations } from './modules/limitations/index.ts'
import { api as optOuts } from './modules/optOuts/index.ts'
import { api as outreach } from './modules/outreach/index.ts'
import { api as parties } from './modules/parties/index.ts'
import { api as payments } from './modules/payments/index.ts'
import { api as placements } from './modules/placements/index.ts'
import { api as policy } from './modules/policy/index.ts'
import { api as promises } from './modules/promises/index.ts'
import { api as protection } from './modules/protection/index.ts'
import { api as queues } from './modules/queues/index.ts'
import { api as rates } from './modules/rates/index.ts'
import { api as remittances } from './modules/remittances/index.ts'
import { api as retention } from './modules/retention/index.ts'
import { api as secrets } from './modules/secrets/index.ts'
import { api as strategies } from './modules/strategies/index.ts'
import { api as templates } from './modules/templates/index.ts'
import { api as tenants } from './modules/tenants/index.ts'
import { api as webhooks } from './modules/webhooks/index.ts'
import Fastify from 'fastify'
import type { Api, App, Services } from './platform/api/api.ts'
import { addGauges } from './platform/api/metrics.ts'
import { addOperationRoutes } from './platform/api/operations.ts'
import { addDocument } from './platform/api/openapi.ts'
import { buildServer } from './platform/api/server.ts'
import type { ServerOptions } from './platform/api/server.ts'
import { addHealthRoutes, addSystemRoutes } from './platform/api/system.ts'

/** The modules' routes, in dependency order: a module imports only from those above it. */
export const modules: Record<string, Api> = { tenants, secrets, rates, lenders, parties, accounts, ledger, placements, policy, templates, protection, complaints, charges, commissions, payments, adjustments, remittances, bank, limitations, contacts, promises, retention, optOuts, strategies, letters, gateways, outreach, callbacks, queues, webhooks, calculations }

/** The HTTP application: what every request meets, then the modules. Not yet listening. */
export async function buildApp (options: ServerOptions, services: Services): Promise<App> {
  const app = await buildServer(options)
  await addDocument(app)
  await app.register(async scope => {
    addSystemRoutes(scope as App, services)
    addOperationRoutes(scope as App, services)
    for (const api of Object.values(modules)) api(scope as App, services)
  })
  addGauges(services.db, services.machine.jobs, services.queues)
  await app.ready()
  return app
}

/** What a worker serves for those who watch it: health, readiness and its own figures. Not yet listening. */
export async function buildHealth (services: Pick<Services, 'db' | 'queues' | 'machine'>): Promise<App> {
  const app: App = Fastify()
  addHealthRoutes(app, services)
  addGauges(services.db, services.machine.jobs, services.queues)
  await app.ready()
  return app
}
