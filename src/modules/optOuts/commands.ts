import { NotFound } from '#platform'
import type { Safe, Tx, Vault } from '#platform'
import { recordConsent } from '../parties/index.ts'
import { findTenant } from '../tenants/index.ts'
import { optOutToken, readOptOut } from './core.ts'
import type { Mac, OptOutLink } from './core.ts'
import { isRefused, lockRefusal } from './db.ts'
import type { PageFacts } from './pages.core.ts'

/**
 * The agency's own hash of what a token says. It is made with the key that addresses are found by, which has one version and stays: rotating a data key makes a new
 * one for fields alone, and retiring a master key wraps the same key anew. So a link works for as long as the agency is there.
 */
const macOf = (safe: Safe): Mac => text => safe.index('optOut', text)

/** The link by which whoever is reached at an address refuses a kind of contact. `publicUrl` is where the API is reached from outside. */
export const optOutUrl = (safe: Safe, publicUrl: string, link: OptOutLink): string => `${publicUrl}/v1/opt-outs/${optOutToken(link, macOf(safe))}`

/** What a token refuses, and who sent it. Throws `NotFound`, the same whatever is wrong. */
async function readLink (tx: Tx, vault: Vault, token: string): Promise<OptOutLink> {
  const link = readOptOut(token, macOf(await vault.safeOf(tx)))
  if (link === null || link.tenantId !== tx.ctx.tenantId) throw NotFound()
  return link
}

/** What a link would refuse; nothing is changed by looking. Throws `NotFound`. */
export async function getOptOut (tx: Tx, vault: Vault, token: string): Promise<PageFacts> {
  const { channel } = await readLink(tx, vault, token)
  return { channel, agency: (await findTenant(tx)).name }
}

/** Withdraws consent to what a link refuses, for every debt and for good; what is withdrawn already stays as it was said. Throws `NotFound`. */
export async function recordOptOut (tx: Tx, vault: Vault, token: string): Promise<PageFacts> {
  const link = await readLink(tx, vault, token)
  const { channel, valueIndex } = link
  await lockRefusal(tx, link)
  if (!await isRefused(tx, link)) await recordConsent(tx, { valueIndex, channel, state: 'withdrawn', source: 'link' })
  return { channel, agency: (await findTenant(tx)).name }
}
