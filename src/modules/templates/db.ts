import { and, asc, eq, gt, inArray, isNotNull, isNull, or, sql } from 'drizzle-orm'
import { cutPage } from '#kernel'
import type { Id, PageOf } from '#kernel'
import { NotFound, newId, pageAfter, pageAfterNumber, rowById } from '#platform'
import type { Keyset, Tx } from '#platform'
import type { Source, TemplateChannel } from './core.ts'
import type { Checked } from './law.core.ts'
import { templateActivations, templateVersions, templates } from './tables.ts'

const columns = {
  id: templates.id, lenderId: templates.lenderId, code: templates.code, channel: templates.channel, language: templates.language, latestVersion: templates.latestVersion,
  activeVersion: templates.activeVersion, jurisdictions: templates.jurisdictions, activatedAt: templates.activatedAt, createdAt: templates.createdAt,
}

/** A template, or null. */
export const findTemplate = rowById(templates, db => db.select(columns).from(templates))
/** A template as it stands. */
export type TemplateRow = NonNullable<Awaited<ReturnType<typeof findTemplate>>>

/** A template, kept from changing until the transaction ends. Throws `NotFound`. */
export async function lockTemplate (tx: Tx, id: Id<'template'>): Promise<TemplateRow> {
  const [row] = await tx.select(columns).from(templates).where(and(eq(templates.tenantId, tx.ctx.tenantId), eq(templates.id, id))).for('no key update')
  if (row === undefined) throw NotFound()
  return row
}

/** What tells one template from another. */
export interface TemplateName { lenderId: Id<'lender'> | null, code: string, channel: TemplateChannel, language: string }

/** Adds a template, with no version yet; null when there is one of the name. */
export async function insertTemplate (tx: Tx, name: TemplateName): Promise<TemplateRow | null> {
  const { tenantId, now } = tx.ctx
  const [row] = await tx.insert(templates).values({ tenantId, id: newId('template'), ...name, latestVersion: 0, jurisdictions: [], createdAt: now.toISOString() }).onConflictDoNothing().returning(columns)
  return row ?? null
}

/** The id of the template of a name. */
export async function findTemplateId (tx: Tx, { lenderId, code, channel, language }: TemplateName): Promise<Id<'template'> | null> {
  const [row] = await tx.select({ id: templates.id }).from(templates).where(and(
    eq(templates.tenantId, tx.ctx.tenantId), lenderId === null ? isNull(templates.lenderId) : eq(templates.lenderId, lenderId), eq(templates.code, code), eq(templates.channel, channel), eq(templates.language, language),
  ))
  return row?.id ?? null
}

/** Templates by id: in the order they were made; of one code, or all. */
export async function listTemplates (tx: Tx, { code }: { code?: string }, page: Keyset): Promise<PageOf<TemplateRow>> {
  const rows = await tx.select(columns).from(templates)
    .where(and(eq(templates.tenantId, tx.ctx.tenantId), code === undefined ? undefined : eq(templates.code, code), pageAfter(templates.id, page))).orderBy(asc(templates.id)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => row.id)
}

const versionColumns = {
  id: templateVersions.id, templateId: templateVersions.templateId, number: templateVersions.number, subject: templateVersions.subject, text: templateVersions.text, html: templateVersions.html,
  createdById: templateVersions.createdById, createdAt: templateVersions.createdAt,
}

/** A version of a template as it was made. */
export interface VersionRow extends Source { id: Id<'templateVersion'>, templateId: Id<'template'>, number: number, createdById: string | null, createdAt: string }

/** Adds the next version. The caller holds the template's lock. */
export async function insertVersion (tx: Tx, templateId: Id<'template'>, number: number, source: Source): Promise<VersionRow> {
  const { tenantId, actor, now } = tx.ctx
  const [row] = await tx.insert(templateVersions).values({ tenantId, id: newId('templateVersion'), templateId, number, ...source, createdById: actor.id, createdAt: now.toISOString() }).returning(versionColumns)
  await tx.update(templates).set({ latestVersion: number }).where(and(eq(templates.tenantId, tenantId), eq(templates.id, templateId)))
  return row!
}

/** A version of a template by its number, or null. */
export async function findVersion (tx: Tx, templateId: Id<'template'>, number: number): Promise<VersionRow | null> {
  const [row] = await tx.select(versionColumns).from(templateVersions).where(and(eq(templateVersions.tenantId, tx.ctx.tenantId), eq(templateVersions.templateId, templateId), eq(templateVersions.number, number)))
  return row ?? null
}

/** A time that a version came into use. */
export interface ActivationRow { templateVersionId: Id<'templateVersion'>, jurisdictions: string[], checked: Checked[], activatedById: string | null, activatedAt: string }

/** Versions of a template by number, the first first. */
export async function listVersions (tx: Tx, templateId: Id<'template'>, page: Keyset): Promise<PageOf<VersionRow>> {
  const rows = await tx.select(versionColumns).from(templateVersions)
    .where(and(eq(templateVersions.tenantId, tx.ctx.tenantId), eq(templateVersions.templateId, templateId), gt(templateVersions.number, pageAfterNumber(page)))).orderBy(asc(templateVersions.number)).limit(page.limit + 1)
  return cutPage(rows, page.limit, row => String(row.number))
}

/** The newest activation of each of these versions. */
export async function listActivations (tx: Tx, versionIds: readonly Id<'templateVersion'>[]): Promise<ActivationRow[]> {
  if (versionIds.length === 0) return []
  return await tx.selectDistinctOn([templateActivations.templateVersionId], {
    templateVersionId: templateActivations.templateVersionId, jurisdictions: templateActivations.jurisdictions, checked: templateActivations.checked,
    activatedById: templateActivations.activatedById, activatedAt: templateActivations.activatedAt,
  }).from(templateActivations).where(and(eq(templateActivations.tenantId, tx.ctx.tenantId), inArray(templateActivations.templateVersionId, [...versionIds])))
    .orderBy(templateActivations.templateVersionId, sql`${templateActivations.id} desc`)
}

/** Brings a version into use in some places, and keeps what was checked. The caller holds the template's lock. */
export async function insertActivation (tx: Tx, { id, templateId, number }: VersionRow, jurisdictions: string[], checked: Checked[]): Promise<TemplateRow> {
  const { tenantId, actor, now } = tx.ctx
  const activatedAt = now.toISOString()
  await tx.insert(templateActivations).values({ tenantId, id: newId('templateActivation'), templateVersionId: id, jurisdictions, checked, activatedById: actor.id, activatedAt })
  return await setActive(tx, templateId, { activeVersion: number, jurisdictions, activatedAt })
}

/** Takes a template out of use. */
export const setRetired = async (tx: Tx, id: Id<'template'>): Promise<TemplateRow> => await setActive(tx, id, { activeVersion: null, jurisdictions: [], activatedAt: null })

async function setActive (tx: Tx, id: Id<'template'>, state: Pick<TemplateRow, 'activeVersion' | 'jurisdictions' | 'activatedAt'>): Promise<TemplateRow> {
  const [row] = await tx.update(templates).set(state).where(and(eq(templates.tenantId, tx.ctx.tenantId), eq(templates.id, id))).returning(columns)
  return row!
}

/** A version in use, and where. */
export interface ActiveRow extends TemplateName, Source { versionId: Id<'templateVersion'>, jurisdictions: string[] }

/** The versions in use for some lenders: those for every lender's debts, and their own. */
export async function listActive (tx: Tx, lenderIds: readonly Id<'lender'>[]): Promise<ActiveRow[]> {
  return await tx.select({
    versionId: templateVersions.id, lenderId: templates.lenderId, code: templates.code, channel: templates.channel, language: templates.language, jurisdictions: templates.jurisdictions,
    subject: templateVersions.subject, text: templateVersions.text, html: templateVersions.html,
  }).from(templates).innerJoin(templateVersions, and(eq(templateVersions.tenantId, templates.tenantId), eq(templateVersions.templateId, templates.id), eq(templateVersions.number, templates.activeVersion)))
    .where(and(eq(templates.tenantId, tx.ctx.tenantId), or(isNull(templates.lenderId), inArray(templates.lenderId, [...lenderIds]))))
}

/** What the agency has texts in use for. */
export async function listActiveNames (tx: Tx): Promise<Pick<TemplateName, 'code' | 'channel'>[]> {
  return await tx.selectDistinct({ code: templates.code, channel: templates.channel }).from(templates).where(and(eq(templates.tenantId, tx.ctx.tenantId), isNotNull(templates.activeVersion)))
}
