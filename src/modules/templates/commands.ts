import { dayIn } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, emit } from '#platform'
import type { Tx } from '#platform'
import { findLender } from '../lenders/index.ts'
import { findLaw, packsIn } from '../policy/index.ts'
import { findTenant } from '../tenants/index.ts'
import type { PreviewInput, TemplateInput, VersionInput } from './api.ts'
import { TemplateExists, TemplateNotActive, TemplateUnlawful, VersionUnknown, smsLength } from './core.ts'
import type { Source } from './core.ts'
import { findTemplate, findTemplateId, findVersion, insertActivation, insertTemplate, insertVersion, lockTemplate, setRetired } from './db.ts'
import type { TemplateName, TemplateRow, VersionRow } from './db.ts'
import { TemplateActivated, TemplateRetired, TemplateVersionAdded } from './events.ts'
import { checkLaw, lackFaults } from './law.core.ts'
import type { Checked, Lack } from './law.core.ts'
import { sampleVariables } from './variables.core.ts'
import { readTemplate, writeTemplate } from './writing.core.ts'
import type { Message, Template } from './writing.core.ts'

const sourceOf = ({ subject, text, html }: VersionInput): Source => ({ subject: subject ?? null, text, html: html ?? null })

const about = ({ id, lenderId, code, channel, language }: TemplateRow, version: number) => ({ templateId: id, lenderId, code, channel, language, version })

/** Adds a text of the agency's, for every lender's debts or one's, with its first version as a draft. Throws `NotFound` (lender), `TemplateRefused` and `TemplateExists`. */
export async function createTemplate (tx: Tx, { lenderId: asked, code, channel, language, ...version }: TemplateInput): Promise<TemplateRow> {
  const lenderId = asked ?? null
  if (lenderId !== null && await findLender(tx, lenderId) === null) throw NotFound()
  const name: TemplateName = { lenderId, code, channel, language }
  const source = sourceOf(version)
  readTemplate(source, channel, language)
  const template = await insertTemplate(tx, name)
  if (template === null) throw TemplateExists({}, { resolution: { method: 'POST', path: `/v1/templates/${await findTemplateId(tx, name)}/versions` } })
  await insertVersion(tx, template.id, 1, source)
  emit(tx, TemplateVersionAdded, {}, about(template, 1))
  return { ...template, latestVersion: 1 }
}

/** Adds the next version of a template, as a draft. Throws `NotFound` and `TemplateRefused`. */
export async function addTemplateVersion (tx: Tx, id: Id<'template'>, input: VersionInput): Promise<VersionRow> {
  const template = await lockTemplate(tx, id)
  const source = sourceOf(input)
  readTemplate(source, template.channel, template.language)
  const version = await insertVersion(tx, id, template.latestVersion + 1, source)
  emit(tx, TemplateVersionAdded, {}, about(template, version.number))
  return version
}

/**
 * Brings a version into use in some jurisdictions, in place of the one before, once it was found to say there what the law asks for: at the first communication and later, whatever the
 * debts. What was checked is kept. Throws `NotFound`, `VersionUnknown` and `TemplateUnlawful`, which names the clause and the disclosure.
 */
export async function activateTemplate (tx: Tx, id: Id<'template'>, { version: number, jurisdictions: asked }: { version: number, jurisdictions: readonly string[] }): Promise<TemplateRow> {
  const template = await lockTemplate(tx, id)
  const version = await findVersion(tx, id, number)
  if (version === null) throw VersionUnknown({ latestVersion: template.latestVersion })
  const jurisdictions = [...new Set(asked)]
  const { checked, lacks } = await check(tx, template, readTemplate(version, template.channel, template.language), jurisdictions)
  if (lacks.length > 0) throw TemplateUnlawful({}, { violations: lackFaults(lacks, asked) })
  const activated = await insertActivation(tx, version, jurisdictions, checked)
  emit(tx, TemplateActivated, {}, { ...about(template, number), jurisdictions })
  return activated
}

/** Holds a template to the law of some places as it is in the agency on this day. */
async function check (tx: Tx, { lenderId }: TemplateRow, template: Template, jurisdictions: readonly string[]): Promise<{ checked: Checked[], lacks: Lack[] }> {
  const law = await findLaw(tx)
  const on = dayIn((await findTenant(tx)).timeZone, tx.ctx.now)
  const all = jurisdictions.map(jurisdiction =>
    checkLaw(template, jurisdiction, borrowerType => packsIn(law, { jurisdiction, borrowerType, collectorRole: 'agency', on }, lenderId), tx.ctx.now.toISOString()))
  return { checked: all.flatMap(({ checked }) => checked), lacks: all.flatMap(({ lacks }) => lacks) }
}

/** Takes a template out of use: the text for every lender, or ours, is used again. Throws `NotFound` and `TemplateNotActive`. */
export async function retireTemplate (tx: Tx, id: Id<'template'>): Promise<TemplateRow> {
  const template = await lockTemplate(tx, id)
  if (template.activeVersion === null) throw TemplateNotActive()
  const retired = await setRetired(tx, id)
  emit(tx, TemplateRetired, {}, about(template, template.activeVersion))
  return retired
}

/** A message as a version writes it, and what there is to say about it. */
export interface Preview { version: number, message: Message, sms: ReturnType<typeof smsLength> | null, lacks: Lack[] }

/** Writes a message by a version, the newest unless another is named, with the variables given or a sample. Nothing is kept. Throws `NotFound`, `VersionUnknown` and `TemplateUnwritable`. */
export async function previewTemplate (tx: Tx, id: Id<'template'>, { version: number, jurisdiction, isInitial = true, variables = sampleVariables(1) }: PreviewInput): Promise<Preview> {
  const template = await findTemplate(tx, id)
  if (template === null) throw NotFound()
  const version = await findVersion(tx, id, number ?? template.latestVersion)
  if (version === null) throw VersionUnknown({ latestVersion: template.latestVersion })
  const { channel, language } = template
  const read = readTemplate(version, channel, language)
  const message = writeTemplate(read, variables, { channel, language, jurisdiction, isInitial })
  const { lacks } = await check(tx, template, read, [jurisdiction])
  return { version: version.number, message, sms: channel === 'sms' ? smsLength(message.text) : null, lacks }
}
