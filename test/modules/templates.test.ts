import t from 'tap'
import { findWriter } from '../../src/modules/templates/index.ts'
import type { Ask } from '../../src/modules/templates/index.ts'
import { sampleVariables } from '../../src/modules/templates/variables.core.ts'
import { world } from '../world.ts'
import type { Agency, As, World } from '../world.ts'

const stop = "{% optOut 'replyStop' %}"
const lawful = `{% if isInitial %}{% disclosure 'attemptingToCollectAndInformationUsed' %}{% else %}{% disclosure 'fromDebtCollector' %}{% endif %} ${stop}`
const reminder = (text: string, more: object = {}) => ({ code: 'reminder', channel: 'sms', language: 'en', text, ...more })

/** Who writes a message now, as a sender asks. */
const written = async (w: World, us: Agency, lenderId: `len_${string}`, more: Partial<Ask> = {}) => await w.tx(us, async tx => {
  const write = await findWriter(tx, [lenderId])
  return write({ code: 'reminder', channel: 'sms', language: 'en', jurisdiction: 'US', lenderId, isInitial: true, variables: sampleVariables(1), ...more })
})

t.test('templates', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency({ jurisdiction: 'US', timeZone: 'America/New_York' })
  const lender = await w.lender(us)
  const other = await w.lender(us)
  const them = await w.agency()
  const create = async (body: object, as: As = us) => await w.call(as, 'POST', '/v1/templates', body)
  const made = async (body: object) => (await create(body)).json<{ id: string }>().id
  const activate = async (id: string, version: number, ...jurisdictions: string[]) => await w.call(us, 'POST', `/v1/templates/${id}/activate`, { version, jurisdictions })

  await t.test('ours is used until the agency has a text of its own in use, and again when it is retired', async t => {
    t.match(await written(w, us, lender.id), { templateVersion: 'builtin:reminder.sms.en.1', language: 'en', text: /^Harbour Recoveries for First Bank: / })
    const id = await made(reminder(`One ${lawful}`))
    t.match(await written(w, us, lender.id), { templateVersion: /^builtin/ }, 'a draft writes nothing')
    t.match((await activate(id, 1, 'US')).json(), { activeVersion: 1, latestVersion: 1, jurisdictions: ['US'], activatedAt: '2026-01-05T09:00:00Z' })
    t.match(await written(w, us, lender.id), { templateVersion: /^tpv_/, text: /^One This is an attempt .* Reply STOP to end texts\.$/, disclosures: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'], optOutMethod: 'replyStop' })
    t.match(await written(w, us, lender.id, { isInitial: false }), { text: 'One This is from a debt collector. Reply STOP to end texts.', disclosures: ['fromDebtCollector'] })
    t.match(await written(w, us, lender.id, { jurisdiction: 'CN' }), { templateVersion: /^builtin/ }, 'not where its law was not asked')
    t.match(await written(w, us, lender.id, { language: 'de' }), { templateVersion: /^builtin:reminder.sms.de/, language: 'de' }, 'the recipient\'s language comes first')
    t.match(await written(w, us, lender.id, { language: 'fr' }), { templateVersion: /^tpv_/, language: 'en' })
    t.match((await w.call(us, 'POST', `/v1/templates/${id}/retire`)).json(), { activeVersion: null, jurisdictions: [] })
    t.match((await w.call(us, 'POST', `/v1/templates/${id}/retire`)).json(), { status: 409, code: 'template-not-active' })
    t.match(await written(w, us, lender.id), { templateVersion: /^builtin/ })
    t.equal((await activate(id, 1, 'US')).statusCode, 200, 'it can come back')
  })

  await t.test('versions follow each other, are never changed, and exactly one is in use', async t => {
    const id = await made(reminder(`One ${lawful}`, { code: 'versions' }))
    const add = async (text: string) => (await w.call(us, 'POST', `/v1/templates/${id}/versions`, { text })).json<{ number: number, state: string }>()
    t.match(await add(`Two ${lawful}`), { number: 2, state: 'draft' })
    await activate(id, 1, 'US')
    await activate(id, 2, 'US')
    const numbers = (await Promise.all(Array.from({ length: 5 }, async () => await add(`Many ${lawful}`)))).map(({ number }) => number).sort()
    t.same(numbers, [3, 4, 5, 6, 7])
    const { data } = await w.ok<{ data: { number: number, state: string, checked: object[], activatedById: string | null }[] }>(us, 'GET', `/v1/templates/${id}/versions`)
    t.same(data.map(({ number, state }) => `${number} ${state}`), ['1 retired', '2 active', '3 draft', '4 draft', '5 draft', '6 draft', '7 draft'])
    t.match(data[1], { activatedById: /^(stf|key)_/, checked: [{ jurisdiction: 'US', stage: 'initial', disclosures: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'], optOutMethod: 'replyStop', packVersions: { 'US.FDCPA': String } }, { stage: 'subsequent' }] })
    t.match(await written(w, us, lender.id, { code: 'versions' }), { text: /^Two / }, 'not a draft that came after')
    const page = await w.ok<{ data: object[], nextCursor: string }>(us, 'GET', `/v1/templates/${id}/versions?limit=3`)
    t.match(await w.ok(us, 'GET', `/v1/templates/${id}/versions?limit=3&cursor=${page.nextCursor}`), { data: [{ number: 4 }, { number: 5 }, { number: 6 }] })
    t.match((await activate(id, 8, 'US')).json(), { status: 422, code: 'template-version-unknown' })
    await t.rejects(w.tx(us, async tx => await tx.execute("update template_versions set text = 'x'")), 'the database refuses')
    await t.rejects(w.tx(us, async tx => await tx.execute('delete from template_activations')), 'the database refuses')
  })

  await t.test('what lacks a disclosure is not activated, and the refusal names the clause and the disclosure', async t => {
    const id = await made(reminder(`{% disclosure 'fromDebtCollector' %} {{ agency.name }}`, { code: 'lacking' }))
    const refused = (await activate(id, 1, 'CN', 'US')).json<{ errors: { pointer: string, message: string }[] }>()
    t.match(refused, { status: 422, code: 'template-unlawful' })
    t.match(refused.errors.find(({ message }) => message.includes('1006.18(e)(1)')), { pointer: '/jurisdictions/1', message: /^initial: 12 CFR 1006\.18\(e\)\(1\) \(US\.F\.18E1\.MIRANDA\): .* Missing: attemptingToCollectAndInformationUsed\.$/ })
    t.match(refused.errors.find(({ message }) => message.includes('1006.6(e)')), { message: /Missing: replyStop, hyperlink\.$/ })
    t.match(await w.ok(us, 'GET', `/v1/templates/${id}`), { activeVersion: null }, 'nothing stays behind')
    t.match((await activate(id, 1, 'CN')).json(), { activeVersion: 1 }, 'where no law asks for it')
    t.match((await activate(id, 1, 'BR')).json(), { status: 422, code: 'template-unlawful' }, 'where we do not have the law')
  })

  await t.test('rules of the agency\'s own are asked too, and a rule set aside is not', async t => {
    const id = await made(reminder(`${lawful}`, { code: 'house' }))
    const rule = { code: 'BASIS', says: 'Every text states the ground of the claim.', kind: 'denyIf', when: { not: { field: 'action.disclosures', has: 'claimBasis' } }, lift: null }
    await w.ok(us, 'POST', '/v1/house-rules', { code: 'STRICT', title: 'Strict', jurisdiction: 'US', effectiveFrom: '2026-01-05', rules: [rule] })
    t.match((await activate(id, 1, 'US')).json(), { code: 'template-unlawful', errors: [{ message: /Missing: claimBasis/ }, { message: /^subsequent/ }] })
    await w.ok(us, 'POST', '/v1/house-rules', { code: 'STRICT', title: 'Strict', jurisdiction: 'US', effectiveFrom: '2026-01-05', rules: [] })
    t.equal((await activate(id, 1, 'US')).statusCode, 200)
  })

  await t.test('a lender\'s text comes before the agency\'s, for its debts alone', async t => {
    const everybody = await made(reminder(`Ours ${lawful}`, { code: 'whose' }))
    const theirs = await made(reminder(`Theirs ${lawful}`, { code: 'whose', lenderId: lender.id }))
    await activate(everybody, 1, 'US')
    await activate(theirs, 1, 'US')
    t.match(await written(w, us, lender.id, { code: 'whose' }), { text: /^Theirs/ })
    t.match(await written(w, us, other.id, { code: 'whose' }), { text: /^Ours/ })
    await t.rejects(written(w, us, lender.id, { code: 'unheardOf' }), { code: 'template-missing' })
    await t.rejects(written(w, us, lender.id, { code: 'whose', jurisdiction: 'CN' }), { code: 'template-missing' })
  })

  await t.test('what cannot be kept is refused, and nothing of it stays', async t => {
    const before = (await w.ok<{ data: object[] }>(us, 'GET', '/v1/templates?limit=200')).data.length
    const first = await made(reminder('x', { code: 'twice' }))
    const cases: [body: object, answer: object][] = [
      [reminder('x', { code: 'twice' }), { status: 409, code: 'template-exists', resolution: { method: 'POST', path: `/v1/templates/${first}/versions` } }],
      [reminder('{{ constructor }}'), { status: 422, code: 'template-refused', errors: [{ pointer: '/text', message: 'line 1, column 4: `constructor` does not exist' }] }],
      [reminder('x', { subject: 'x' }), { status: 422, code: 'template-refused', errors: [{ pointer: '/subject' }] }],
      [reminder('x', { language: 'english' }), { status: 400 }],
      [reminder('x', { code: 'elsewhere', lenderId: 'len_019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44' }), { status: 404 }],
      [reminder('x'.repeat(20_001)), { status: 400 }],
    ]
    for (const [body, answer] of cases) t.match((await create(body)).json(), answer, JSON.stringify(body).slice(0, 100))
    t.match((await w.call(us, 'POST', `/v1/templates/${first}/versions`, { text: '{% include "x" %}' })).json(), { code: 'template-refused' })
    t.match(await w.ok(us, 'GET', `/v1/templates/${first}`), { latestVersion: 1 })
    t.equal((await w.ok<{ data: object[] }>(us, 'GET', '/v1/templates?limit=200')).data.length, before + 1)
    t.match(await w.ok(us, 'GET', '/v1/templates?code=twice'), { data: [{ id: first }], nextCursor: null })
  })

  await t.test('a preview writes by a sample or what is given, says what is lacking, and keeps nothing', async t => {
    const id = await made(reminder(`{{ agency.name }}: {% for debt in debts %}{{ debt.owed | money }} {% endfor %}{% disclosure 'fromDebtCollector' %}`, { code: 'preview' }))
    const preview = async (body: object) => await w.call(us, 'POST', `/v1/templates/${id}/preview`, body)
    t.match((await preview({ jurisdiction: 'US' })).json(), {
      version: 1, subject: null, html: null, text: 'Harbour Recoveries: USD 1250.00 This is from a debt collector.', sms: { alphabet: 'gsm7', segments: 1 }, disclosures: ['fromDebtCollector'], optOutMethod: null,
    })
    const { warnings } = (await preview({ jurisdiction: 'US' })).json<{ warnings: { clause: string, stage: string, missing: string[] }[] }>()
    t.same(warnings.map(({ stage, clause, missing }) => `${stage} ${clause} ${missing.join(' ')}`).sort(), ['initial 12 CFR 1006.18(e)(1) attemptingToCollectAndInformationUsed', 'initial 12 CFR 1006.6(e) replyStop hyperlink', 'subsequent 12 CFR 1006.6(e) replyStop hyperlink'])
    const variables = { ...sampleVariables(2), agency: { name: '港湾'.repeat(60), contact: null } }
    t.match((await preview({ jurisdiction: 'CN', variables })).json(), { text: /USD 1250\.00 USD 400\.50/, sms: { alphabet: 'ucs2' }, warnings: [] })
    t.match((await preview({ jurisdiction: 'CN', variables: { ...variables, agency: { name: '港'.repeat(200), contact: null } } })).json(), { warnings: [{ code: 'manySegments' }] })
    t.match((await preview({ jurisdiction: 'US', version: 2 })).json(), { code: 'template-version-unknown' })
    t.match((await preview({ jurisdiction: 'US', variables: { ...variables, borrower: { name: 'X' } } })).json(), { status: 400 }, 'nothing personal')
    t.match((await preview({ jurisdiction: 'US', variables: { ...variables, debts: [{ reference: 'x', owed: 1, currency: 'XYZ', dueOn: '2026-01-02' }] } })).json(), { code: 'template-unwritable' })
  })

  await t.test('managers, compliance and administrators write; others read; no lender, and no other agency', async t => {
    const id = await made(reminder('x', { code: 'whoMay' }))
    const staff = async (role: string) => {
      const { id } = await w.ok<{ id: string }>(us, 'POST', '/v1/staff', { name: 'Somebody', email: `${role}@example.com`, role })
      return await w.ok<{ key: string }>(us, 'POST', '/v1/api-keys', { kind: 'staff', staffId: id, name: role })
    }
    for (const role of ['manager', 'compliance', 'collector', 'finance', 'readonly']) {
      const key = await staff(role)
      t.equal((await w.call(key, 'GET', `/v1/templates/${id}`)).statusCode, 200, role)
      t.equal((await create(reminder('x', { code: role }), key)).statusCode, ['manager', 'compliance'].includes(role) ? 201 : 403, role)
    }
    t.equal((await w.call(lender, 'GET', `/v1/templates/${id}`)).statusCode, 403)
    t.equal((await w.call(them, 'GET', `/v1/templates/${id}`)).statusCode, 404)
    t.same((await w.ok<{ data: object[] }>(them, 'GET', '/v1/templates')).data, [])
    t.match(await written(w, them, lender.id), { templateVersion: /^builtin/ }, 'another agency\'s text is not used')
  })

  await t.test('what happens to a text is told, and names what it was', async t => {
    const { data } = await w.ok<{ data: { type: string, data: { object: object } }[] }>(us, 'GET', '/v1/events?after=0&limit=200&types=template.activated')
    t.match(data.map(({ data }) => data.object)[0], { code: 'reminder', channel: 'sms', language: 'en', version: 1, lenderId: null, jurisdictions: ['US'] })
  })
})
