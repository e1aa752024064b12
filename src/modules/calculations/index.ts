/**
 * What-if: every calculation of the platform, asked without an account. Pure and stateless; nothing is read from an agency's rows and nothing is kept.
 * The sums come from the same functions that post money, so what this answers is what would be posted.
 */
export { api } from './api.ts'
