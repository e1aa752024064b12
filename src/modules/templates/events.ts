import { Type } from 'typebox'
import { CountryCode, IdOf, Nullable, OneOf } from '#kernel'
import { event } from '#platform'
import { templateChannels } from './core.ts'

const template = {
  templateId: IdOf('template'), lenderId: Nullable(IdOf('lender')), code: Type.String({ description: 'Its code.' }), channel: OneOf(templateChannels, 'Its channel.'), language: Type.String({ description: 'Its language.' }),
  version: Type.Integer({ description: 'The version.' }),
}

export const TemplateVersionAdded = event('templateVersion.added', 1, 'A text of the agency\'s got a new version, as a draft.', Type.Object(template))
export const TemplateActivated = event('template.activated', 1, 'A version of a text came into use, and was found to say what the law asks for there.', Type.Object({
  ...template, jurisdictions: Type.Array(CountryCode, { description: 'Where it is used.' }),
}))
export const TemplateRetired = event('template.retired', 1, 'A text of the agency\'s went out of use.', Type.Object(template))
