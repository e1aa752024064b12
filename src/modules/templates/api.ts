import { Type } from 'typebox'
import type { Static } from 'typebox'
import { CountryCode, IdOf, Instant, Nullable, OneOf, Page, PageQuery, Text, closed, problems } from '#kernel'
import type { Id } from '#kernel'
import { NotFound, keyset } from '#platform'
import type { Api } from '#platform'
import { activateTemplate, addTemplateVersion, createTemplate, previewTemplate, retireTemplate } from './commands.ts'
import type { Preview } from './commands.ts'
import { TemplateExists, TemplateNotActive, TemplateRefused, TemplateUnlawful, TemplateUnwritable, VersionUnknown, htmlMax, languagePattern, subjectMax, templateChannels, textMax, versionStates } from './core.ts'
import { findTemplate, listActivations, listTemplates, listVersions } from './db.ts'
import type { ActivationRow, TemplateRow, VersionRow } from './db.ts'
import { disclosureNames, optOutMethods } from './disclosures.core.ts'
import { Checked, stages } from './law.core.ts'
import { TemplateVariables } from './variables.core.ts'

const Code = Type.String({ pattern: '^[a-z][A-Za-z0-9]{0,39}$', description: 'What it is for. Reminders are `reminder`.', examples: ['reminder'] })
const Language = Type.String({ pattern: languagePattern, description: 'Its language, BCP 47.', examples: ['en'] })
const VersionNumber = Type.Integer({ minimum: 1, maximum: 1_000_000, description: 'A version, by its number.', examples: [1] })
const source = {
  subject: Type.Optional(Text(subjectMax, 'The subject of an e-mail, in Liquid.', ['A message from {{ agency.name }}'])),
  text: Text(textMax, 'What it says, in Liquid.', ['{{ agency.name }} for {{ lender.name }}: {% for debt in debts %}{{ debt.owed | money }}, due {{ debt.dueOn | day }}. {% endfor %}{% optOut \'replyStop\' %}']),
  html: Type.Optional(Text(htmlMax, 'The same as HTML, for e-mails. Variables are escaped.', ['<p>{{ agency.name }}</p>'])),
}
const exampleText = '{{ agency.name }} for {{ lender.name }}:{% for debt in debts %} {{ debt.owed | money }}, due {{ debt.dueOn | day }}.{% endfor %} {% if isInitial %}{% disclosure \'attemptingToCollectAndInformationUsed\' %}{% else %}{% disclosure \'fromDebtCollector\' %}{% endif %} {% optOut \'replyStop\' %}'

const VersionInput = Type.Object(source, { title: 'TemplateVersionInput', ...closed, examples: [{ text: exampleText }] })
export type VersionInput = Static<typeof VersionInput>

const TemplateInput = Type.Object({
  code: Code, channel: OneOf(templateChannels, 'How it goes out, or is read out.'), language: Language,
  lenderId: Type.Optional(Type.Unsafe<Id<'lender'>>({ ...IdOf('lender'), description: 'The lender whose debts it is for; every lender\'s when left out.' })), ...source,
}, { title: 'TemplateInput', ...closed, examples: [{ code: 'reminder', channel: 'sms', language: 'en', text: exampleText }] })
export type TemplateInput = Static<typeof TemplateInput>

const PreviewInput = Type.Object({
  version: Type.Optional(VersionNumber), jurisdiction: CountryCode,
  isInitial: Type.Optional(Type.Boolean({ description: 'The first communication about the debt. Left out: it is.' })), variables: Type.Optional(TemplateVariables),
}, { title: 'TemplatePreviewInput', ...closed, examples: [{ jurisdiction: 'US', isInitial: true }] })
export type PreviewInput = Static<typeof PreviewInput>

const ActivationInput = Type.Object({
  version: VersionNumber, jurisdictions: Type.Array(CountryCode, { minItems: 1, maxItems: 60, uniqueItems: true, description: 'Where it is to be used.' }),
}, { title: 'TemplateActivationInput', ...closed, examples: [{ version: 1, jurisdictions: ['US'] }] })

const Template = Type.Object({
  id: IdOf('template'), code: Code, channel: OneOf(templateChannels, 'How it goes out, or is read out.'), language: Language, lenderId: Nullable(IdOf('lender')),
  latestVersion: Type.Integer({ description: 'Its newest version.' }), activeVersion: Nullable(Type.Integer({ description: 'The version in use; null: none is.' })),
  jurisdictions: Type.Array(CountryCode, { description: 'Where it is used.' }), activatedAt: Nullable(Instant), createdAt: Instant,
}, { title: 'Template' })

const TemplateVersion = Type.Object({
  id: IdOf('templateVersion'), templateId: IdOf('template'), number: VersionNumber, state: OneOf(versionStates, '`draft`: never used; `active`: in use; `retired`: no longer.'),
  subject: Nullable(Type.String({ description: 'The subject, in Liquid.' })), text: Type.String({ description: 'What it says, in Liquid.' }), html: Nullable(Type.String({ description: 'The same as HTML.' })),
  checked: Type.Array(Checked, { description: 'What was checked against the law when it last came into use.' }),
  activatedById: Nullable(Type.String({ description: 'Who brought it into use.' })), activatedAt: Nullable(Instant), createdById: Nullable(Type.String({ description: 'Who wrote it.' })), createdAt: Instant,
}, { title: 'TemplateVersion' })

const TemplatePreview = Type.Object({
  version: VersionNumber, subject: Nullable(Type.String({ description: 'The subject.' })), text: Type.String({ description: 'What it says.' }), html: Nullable(Type.String({ description: 'The same as HTML.' })),
  sms: Nullable(Type.Object({
    alphabet: OneOf(['gsm7', 'ucs2'], '`gsm7`: 160 letters a segment. `ucs2`: 70, because of a letter that GSM 03.38 has not.'), segments: Type.Integer({ description: 'In how many segments it travels.' }),
  }, { description: 'Its length as an SMS; null: it is none.' })),
  disclosures: Type.Array(Type.String(), { description: 'The disclosures made with these variables.' }), optOutMethod: Nullable(OneOf(optOutMethods, 'How its recipient can stop the next one.')),
  warnings: Type.Array(Type.Object({
    code: OneOf(['lawAsksForMore', 'manySegments'], 'What it is about.'), message: Type.String({ description: 'What there is to say.' }), stage: Nullable(OneOf(stages, 'At which communication.')),
    rule: Nullable(Type.String({ description: 'The rule.' })), clause: Nullable(Type.String({ description: 'Where the law says so.' })), missing: Type.Array(Type.String(), { description: 'The disclosures missing, or the ways to opt out.' }),
  }), { description: 'What would stand in the way of using it there.' }),
}, { title: 'TemplatePreview' })

const showVersion = (version: VersionRow, activeVersion: number | null, activation: ActivationRow | undefined) => ({
  ...version, state: version.number === activeVersion ? 'active' as const : activation === undefined ? 'draft' as const : 'retired' as const,
  checked: activation?.checked ?? [], activatedById: activation?.activatedById ?? null, activatedAt: activation?.activatedAt ?? null,
})

const segmentsMany = 3

const showPreview = ({ version, message: { subject, text, html, disclosures, optOutMethod }, sms, lacks }: Preview) => ({
  version, subject: subject ?? null, text, html: html ?? null, sms, disclosures, optOutMethod: optOutMethod ?? null,
  warnings: [
    ...lacks.map(({ stage, rule, clause, says, missing }) => ({ code: 'lawAsksForMore' as const, message: says, stage, rule, clause, missing })),
    ...sms !== null && sms.segments > segmentsMany ? [{ code: 'manySegments' as const, message: `It travels in ${sms.segments} segments, and each is paid for.`, stage: null, rule: null, clause: null, missing: [] }] : [],
  ],
})

const found = (template: TemplateRow | null): TemplateRow => {
  if (template === null) throw NotFound()
  return template
}

const language = `Written in Liquid: \`if\`, \`unless\`, \`for … in debts\` and \`totals\`, \`comment\`, \`raw\`, and two tags of our own. \`{% disclosure 'name' %}\` prints a statement of the law in the language of the text and keeps that it was made: ${disclosureNames.map(name => `\`${name}\``).join(', ')}. \`{% optOut 'replyStop' %}\` or \`'hyperlink'\` says how to stop.\n\nVariables: \`agency.name\`, \`agency.contact\`, \`lender.name\`, \`debts\` (each with \`owed\`, \`currency\`, \`dueOn\`, \`referenceEnding\`), \`totals\` (each with \`owed\`, \`currency\`), \`paymentHint\`, \`statements\`, \`jurisdiction\`, \`isInitial\`, \`language\`, \`channel\`. Amounts are printed by the filter \`money\`, days by \`day\`; texts have \`upcase\`, \`downcase\` and \`default\`. Anything else is refused with its line and column.`

/** Texts of the agency's own. */
export const api: Api = app => {
  const tags = ['templates']
  const path = Type.Object({ templateId: IdOf('template') })

  app.post('/v1/templates', {
    config: { scope: 'templates:write' },
    schema: {
      operationId: 'createTemplate', tags, summary: 'Add a template', description: `Adds a text of the agency's by code, channel and language, for all debts or one lender's. Its first version is a draft: nothing is written with it until it is activated, and until then ours is used.\n\n${language}`,
      body: TemplateInput, response: { 201: Template, ...problems(NotFound, TemplateRefused, TemplateExists) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => await createTemplate(tx, req.body))))

  app.get('/v1/templates', {
    config: { scope: 'templates:read' },
    schema: {
      operationId: 'listTemplates', tags, summary: 'List templates', description: 'The agency\'s own texts, in the order they were made. Ours, which are used where there is none, are not among them.',
      querystring: Type.Object({ ...PageQuery, code: Type.Optional(Code) }, closed), response: { 200: Page(Template, 'TemplatePage') },
    },
  }, async req => await req.tx(async tx => {
    const { code, ...page } = req.query
    return await listTemplates(tx, { ...code !== undefined && { code } }, keyset(page))
  }))

  app.get('/v1/templates/:templateId', {
    config: { scope: 'templates:read' },
    schema: { operationId: 'getTemplate', tags, summary: 'Read a template', description: 'One text: which version is in use, and where.', params: path, response: { 200: Template, ...problems(NotFound) } },
  }, async req => await req.tx(async tx => found(await findTemplate(tx, req.params.templateId))))

  app.post('/v1/templates/:templateId/versions', {
    config: { scope: 'templates:write' },
    schema: {
      operationId: 'addTemplateVersion', tags, summary: 'Add a version', description: `Adds the next version of a text, as a draft. A version is never changed.\n\n${language}`,
      params: path, body: VersionInput, response: { 201: TemplateVersion, ...problems(NotFound, TemplateRefused) },
    },
  }, async (req, reply) => await reply.code(201).send(await req.tx(async tx => showVersion(await addTemplateVersion(tx, req.params.templateId, req.body), null, undefined))))

  app.get('/v1/templates/:templateId/versions', {
    config: { scope: 'templates:read' },
    schema: {
      operationId: 'listTemplateVersions', tags, summary: 'List versions', description: 'Every version of a text, the first first, each with what was checked when it last came into use.',
      params: path, querystring: Type.Object(PageQuery, closed), response: { 200: Page(TemplateVersion, 'TemplateVersionPage'), ...problems(NotFound) },
    },
  }, async req => await req.tx(async tx => {
    const { activeVersion } = found(await findTemplate(tx, req.params.templateId))
    const { data, nextCursor } = await listVersions(tx, req.params.templateId, keyset(req.query))
    const activations = new Map((await listActivations(tx, data.map(({ id }) => id))).map(one => [one.templateVersionId, one]))
    return { data: data.map(version => showVersion(version, activeVersion, activations.get(version.id))), nextCursor }
  }))

  app.post('/v1/templates/:templateId/activate', {
    config: { scope: 'templates:write' },
    schema: {
      operationId: 'activateTemplate', tags, summary: 'Bring a version into use',
      description: 'Brings a version into use in some jurisdictions, in place of the one before. It must say there what the law asks for, at the first communication and at later ones and whatever the debts: a disclosure that is made only under a condition on them does not count. A refusal names the clause and what is missing. What was found is kept with the version.',
      params: path, body: ActivationInput, response: { 200: Template, ...problems(NotFound, VersionUnknown, TemplateUnlawful) },
    },
  }, async req => await req.tx(async tx => await activateTemplate(tx, req.params.templateId, req.body)))

  app.post('/v1/templates/:templateId/retire', {
    config: { scope: 'templates:write' },
    schema: {
      operationId: 'retireTemplate', tags, summary: 'Take a template out of use', description: 'Takes a text out of use at once: the one for every lender is used again, or ours. It can be activated again.',
      params: path, response: { 200: Template, ...problems(NotFound, TemplateNotActive) },
    },
  }, async req => await req.tx(async tx => await retireTemplate(tx, req.params.templateId)))

  app.post('/v1/templates/:templateId/preview', {
    config: { scope: 'templates:read' },
    schema: {
      operationId: 'previewTemplate', tags, summary: 'See what a template writes',
      description: 'Writes a message by a version, the newest unless another is named, with the variables given or a sample: its text, its length as an SMS, the disclosures it makes, and what would stand in the way of using it in the jurisdiction. Nothing is sent or kept.',
      params: path, body: PreviewInput, response: { 200: TemplatePreview, ...problems(NotFound, VersionUnknown, TemplateUnwritable) },
    },
  }, async req => await req.tx(async tx => showPreview(await previewTemplate(tx, req.params.templateId, req.body))))
}
