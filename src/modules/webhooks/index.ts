export { api } from './api.ts'
export { drainWebhooks } from './courier.jobs.ts'
export * as jobs from './jobs.ts'
