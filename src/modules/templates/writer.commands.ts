import type { Id } from '#kernel'
import type { Tx } from '#platform'
import { builtinFor, isBuiltin } from './builtin.core.ts'
import { TemplateMissing, languagesFor } from './core.ts'
import type { TemplateChannel } from './core.ts'
import { listActive, listActiveNames } from './db.ts'
import type { ActiveRow } from './db.ts'
import type { Occasion, TemplateVariables } from './variables.core.ts'
import { readTemplate, writeTemplate } from './writing.core.ts'
import type { Message, Template } from './writing.core.ts'

/** A message that is to be written. `language` is its recipient's, whether or not there is a text in it. */
export interface Ask extends Occasion { readonly code: string, readonly lenderId: Id<'lender'>, readonly variables: TemplateVariables }

/** A message that was written, and by which version: an id, or `builtin:` and the name of ours. `language` is the one it is in. */
export interface Written extends Message { templateVersion: string, language: string }

/**
 * Writes messages. Throws `TemplateMissing` when there is no text of the code for the channel, and `TemplateUnwritable` when the text needs a statement or link that the variables
 * lack, or grows too long: that one message cannot be sent.
 */
export type Writer = (ask: Ask) => Written

/** Versions that are read once for as long as the process lives: a version never changes. */
const read = new Map<string, Template>()
const readMax = 2_000

function templateOf (row: ActiveRow): Template {
  const known = read.get(row.versionId)
  if (known !== undefined) return known
  if (read.size >= readMax) read.delete(read.keys().next().value!)
  const template = readTemplate(row, row.channel, row.language)
  read.set(row.versionId, template)
  return template
}

const nameOf = (code: string, channel: string, language: string, lenderId: string | null): string => `${code} ${channel} ${language} ${lenderId ?? ''}`

/**
 * The texts in use for some lenders, as a function that writes messages without asking again. In the recipient's language before others, the lender's own before the agency's before ours,
 * and none in a jurisdiction that it was not activated for.
 */
export async function findWriter (tx: Tx, lenderIds: readonly Id<'lender'>[]): Promise<Writer> {
  const rows = new Map((await listActive(tx, lenderIds)).map(row => [nameOf(row.code, row.channel, row.language, row.lenderId), row]))
  return ({ code, lenderId, variables, ...occasion }) => {
    const { channel, jurisdiction } = occasion
    for (const language of languagesFor(occasion.language)) {
      const row = [lenderId, null].map(owner => rows.get(nameOf(code, channel, language, owner))).find(found => found?.jurisdictions.includes(jurisdiction) === true)
      const found = row === undefined ? builtinFor(code, channel, language) : { version: row.versionId, template: templateOf(row) }
      if (found !== undefined) return { ...writeTemplate(found.template, variables, { ...occasion, language }), templateVersion: found.version, language }
    }
    throw TemplateMissing({ code, channel })
  }
}

/** Those of these texts of which there is none in any language: neither one in use, nor ours. */
export async function listMissingTexts<T extends { code: string, channel: TemplateChannel }> (tx: Tx, asked: readonly T[]): Promise<T[]> {
  const active = new Set((await listActiveNames(tx)).map(({ code, channel }) => `${code} ${channel}`))
  return asked.filter(({ code, channel }) => !isBuiltin(code, channel) && !active.has(`${code} ${channel}`))
}
