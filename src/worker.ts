import { jobs as charges } from './modules/charges/index.ts'
import { jobs as commissions } from './modules/commissions/index.ts'
import { jobs as contacts } from './modules/contacts/index.ts'
import { jobs as limitations } from './modules/limitations/index.ts'
import { jobs as outreach } from './modules/outreach/index.ts'
import { jobs as payments } from './modules/payments/index.ts'
import { jobs as placements } from './modules/placements/index.ts'
import { jobs as protection } from './modules/protection/index.ts'
import { jobs as queues } from './modules/queues/index.ts'
import { jobs as remittances } from './modules/remittances/index.ts'
import { jobs as retention } from './modules/retention/index.ts'
import { jobs as secrets } from './modules/secrets/index.ts'
import { jobs as tenants } from './modules/tenants/index.ts'
import { jobs as webhooks } from './modules/webhooks/index.ts'
import type { Job } from './platform/jobs/job.ts'

/** Every job of every module. A job that is not here does not run. */
export const jobs: readonly Job[] = [tenants, secrets, placements, protection, charges, commissions, payments, remittances, limitations, contacts, retention, outreach, queues, webhooks].flatMap(module => Object.values(module) as Job[])
