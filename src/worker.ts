import { jobs as outreach } from './modules/outreach/index.ts'
import { jobs as protection } from './modules/protection/index.ts'
import { jobs as secrets } from './modules/secrets/index.ts'
import { jobs as tenants } from './modules/tenants/index.ts'
import type { Job } from './platform/jobs/job.ts'

/** Every job of every module. A job that is not here does not run. */
export const jobs: readonly Job[] = [tenants, secrets, protection, outreach].flatMap(module => Object.values(module) as Job[])
