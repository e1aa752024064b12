/**
 * What messages say: the agency's own texts in Liquid, and ours where it has none.
 *
 * A text has a code, a channel and a language, and is for every lender's debts or one's. Its versions are never changed; one at most is in use, in the jurisdictions it was activated for.
 * Activation is where the law is asked: what a version says whatever the debts is found by reading it, and put before policy at both stages of a debt's communications. What is missing is named with
 * its clause. The law's own words come from us, by tags: whoever writes a text chooses where they stand and not what they are, and they are made in the language of the text (12 CFR 1006.18(e)(4)).
 *
 * A template is read into parts that are all known: variables that exist, filters that suit them, loops through debts and totals. What is not known is refused when it is written down, with line and
 * column, and not when a message is due. Nothing in a template can reach a file, the network or another object, and what it costs to write is bounded by what there is to write about.
 *
 * What must never happen: a message that says other things than its version, one in a place whose law was not asked, something of a person or another lender's debt in a text, the whole
 * reference of a debt.
 *
 * Held to: 12 CFR 1006.6(e) and 1006.18(e); § 13a RDG.
 */
export { api } from './api.ts'
export { TemplateMissing, TemplateUnwritable, smsLength, templateChannels } from './core.ts'
export type { TemplateChannel } from './core.ts'
export { optOutMethods } from './disclosures.core.ts'
export type { OptOutMethod, StatementName } from './disclosures.core.ts'
export { TemplateActivated, TemplateRetired, TemplateVersionAdded } from './events.ts'
export { debtsMax as templateDebtsMax } from './variables.core.ts'
export type { TemplateVariables } from './variables.core.ts'
export { findWriter, listMissingTexts } from './writer.commands.ts'
export type { Ask, Writer, Written } from './writer.commands.ts'
