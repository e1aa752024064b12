import t from 'tap'
import { plainLaw, packsIn } from '../../src/modules/policy/house.core.ts'
import { builtinFor } from '../../src/modules/templates/builtin.core.ts'
import { languagesFor, smsLength } from '../../src/modules/templates/core.ts'
import type { TemplateChannel } from '../../src/modules/templates/core.ts'
import { checkLaw } from '../../src/modules/templates/law.core.ts'
import { dayText, moneyText, sampleVariables } from '../../src/modules/templates/variables.core.ts'
import type { TemplateVariables } from '../../src/modules/templates/variables.core.ts'
import { readTemplate, saysAlways, writeTemplate } from '../../src/modules/templates/writing.core.ts'
import type { Message, Template } from '../../src/modules/templates/writing.core.ts'

const sms = (text: string, language = 'en'): Template => readTemplate({ subject: null, text, html: null }, 'sms', language)
const email = (html: string, text = 'x', subject = 'x'): Template => readTemplate({ subject, text, html }, 'email', 'en')
const inUs = { channel: 'sms', language: 'en', jurisdiction: 'US', isInitial: true } as const
const write = (text: string, variables: Partial<TemplateVariables> = {}, more: object = {}): string => writeTemplate(sms(text), { ...sampleVariables(1), ...variables }, { ...inUs, ...more }).text

/** What is wrong, in one line for each part. */
const faultsOf = (work: () => unknown): string[] => {
  try {
    work()
  } catch (error) {
    const { code, refusal } = error as { code: string, refusal: { violations: { pointer: string, message: string }[] } }
    if (code !== 'template-refused') throw error
    return refusal.violations.map(({ pointer, message }) => `${pointer} ${message}`)
  }
  return []
}

/** What work costs at best, in milliseconds of this process: others may be using the machine. */
function costOf (work: () => unknown): number {
  return Math.min(...[1, 2, 3].map(() => {
    const began = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(began)
    return (user + system) / 1_000
  }))
}

const ours = (channel: TemplateChannel, language: string, more: object = {}, variables: Partial<TemplateVariables> = {}): Message => {
  const occasion = { channel, language, jurisdiction: 'US', isInitial: true, ...more }
  return writeTemplate(builtinFor('reminder', channel, language)!.template, { ...sampleVariables(1), paymentHint: null, ...variables }, occasion)
}

t.test('what we write says who writes, for whom, what is owed and how to stop; in the United States what the law wants said, once as the first and after that shorter', async t => {
  const agency = { name: 'Harbour\r\nRecoveries', contact: null }
  const first = ours('sms', 'en', {}, { agency })
  t.equal(first.text, 'Harbour Recoveries for First Bank: USD 1250.00 is owed on account ending 0417, due 2026-01-02. This is an attempt to collect a debt by a debt collector. Any information obtained will be used for that purpose. Reply STOP to end texts.')
  t.same(first.disclosures, ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'])
  t.equal(first.optOutMethod, 'replyStop')
  t.equal(ours('sms', 'en', { isInitial: false }, { agency }).text, 'Harbour Recoveries for First Bank: USD 1250.00 is owed on account ending 0417, due 2026-01-02. This is from a debt collector. Reply STOP to end texts.')
  t.same(ours('sms', 'en', { isInitial: false }).disclosures, ['fromDebtCollector'])
  t.equal(ours('sms', 'en', { jurisdiction: 'CN' }, { agency }).text, 'Harbour Recoveries for First Bank: USD 1250.00 is owed on account ending 0417, due 2026-01-02. Reply STOP to end texts.')
  t.equal(ours('email', 'en', {}, { agency }).subject, 'A message from Harbour Recoveries', 'the subject tells nobody of a debt')
  t.equal(ours('email', 'en', { jurisdiction: 'GB' }, { agency }).text, [
    'Hello,', 'Harbour Recoveries writes to you on behalf of First Bank.', 'Owed now: USD 1250.00\nAccount ending: 0417\nDue on: 2026-01-02',
    'If you have paid, thank you: nothing more is needed. If you think this is wrong, or cannot pay it at once, reply and tell us.', 'To stop these e-mails, reply STOP.',
  ].join('\n\n'))
  const inChina = { agency: { name: '港湾', contact: null }, lender: { name: '第一银行' }, debts: [{ reference: 'LN-2026-000417', owed: 1_250_00, currency: 'CNY', dueOn: '2026-01-02' }] }
  t.equal(ours('sms', 'zh-CN', { jurisdiction: 'CN' }, inChina).text, '【港湾】受第一银行委托提醒:您尾号0417的账户已于2026-01-02到期,现欠人民币1250.00元。如已还款请忽略。回复STOP退订。')
  t.equal(ours('email', 'zh-CN', { jurisdiction: 'CN' }, inChina).text, [
    '您好:', '港湾受第一银行委托,就以下欠款与您联系。', '现欠金额:人民币1250.00元\n账户尾号:0417\n到期日:2026-01-02',
    '如您已还款,请忽略本邮件。如对欠款有异议或暂时难以还清,请回复本邮件告知我们。', '如不希望再收到此类邮件,请回复STOP。',
  ].join('\n\n'))
})

t.test('every text of ours names each debt of a bundle, in its language, and nothing of the person', async t => {
  for (const language of ['en', 'zh-CN', 'de']) {
    for (const channel of ['sms', 'email', 'letter'] as const) {
      const message = ours(channel, language, {}, { ...sampleVariables(2), paymentHint: null })
      const day = language === 'de' ? ['02.01.2026', '05.01.2026'] : ['2026-01-02', '2026-01-05']
      const sums = language === 'de' ? ['1.250,00 USD', '400,50 USD'] : ['USD 1250.00', 'USD 400.50']
      for (const part of ['Harbour Recoveries', 'First Bank', '0417', '0418', ...day, ...sums, 'debt collector']) t.match(message.text, part, `${language} ${channel}`)
      t.notMatch(message.text, 'LN-2026', 'not the whole reference')
      t.equal(message.subject === undefined, channel !== 'email')
      t.equal(message.optOutMethod, channel === 'letter' ? undefined : 'replyStop')
      t.notMatch(message.text, /\n{3}| {2}|[{}%]/, 'no holes')
    }
  }
})

t.test('the first demand in Germany states what § 13a RDG wants where whoever sends has stated it, and claims nothing otherwise', async t => {
  const inGermany = { jurisdiction: 'DE' }
  t.match(ours('letter', 'de', inGermany).text, /Auftraggeber: \(creditorNameAddress\)\nForderungsgrund: .*\nZinsberechnung: .*\nKosten: .*\nAufsichtsbehörde: .*\n\nWenn/)
  t.same(ours('letter', 'de', inGermany).disclosures, ['creditorNameAddress', 'claimBasis', 'interestCalculation', 'costBreakdown', 'supervisoryAuthority'])
  t.same(ours('letter', 'de', inGermany, { statements: { claimBasis: 'Darlehen vom 2. Januar 2025' } }).disclosures, ['claimBasis'])
  t.same(ours('letter', 'de', { ...inGermany, isInitial: false }).disclosures, [])
})

t.test('what a template does not know is refused when it is written down, with line and column, at once', async t => {
  const cases: [source: string, refused: RegExp][] = [
    ['{% for i in (1..1000000) %}x{% endfor %}', /line 1, column 1: goes through `debts`/],
    ['a\nb {{ nobody }}', /line 2, column 6: `nobody` does not exist/],
    ['{{ constructor }}', /`constructor` does not exist/],
    ['{{ agency.constructor.constructor }}', /does not exist/],
    ["{{ agency['__proto__'] }}", /`agency.__proto__` does not exist/],
    ['{{ debts.constructor }}', /does not exist/],
    ["{% include 'x' %}", /there is no tag `include`/],
    ["{% render '/etc/passwd' %}", /there is no tag `render`/],
    ["{% layout 'x' %}", /there is no tag `layout`/],
    ['{% constructor %}', /there is no tag `constructor`/],
    ['{% assign a = 1 %}', /there is no tag `assign`/],
    ['{% capture a %}x{% endcapture %}', /there is no tag `capture`/],
    ['{{ agency.name | upcas }}', /`agency.name` has no filter `upcas`/],
    ['{{ agency.name | constructor }}', /has no filter/],
    ['{% for debt in debts %}{{ debt.owed }}{% endfor %}', /line 1, column 24: `debt.owed` is printed by the filter `money`/],
    ['{% for debt in debts %}{{ debt.dueOn }}{% endfor %}', /is printed by the filter `day`/],
    ['{% for debt in debts %}{{ debt.reference }}{% endfor %}', /`debt.reference` does not exist/],
    ['{% for total in totals %}{{ total.dueOn | day }}{% endfor %}', /`total.dueOn` does not exist/],
    ['{% for debt in debts %}{% endfor %}{{ debt.currency }}', /`debt.currency` does not exist/],
    ['{% for d in debts %}{% for e in debts %}{% endfor %}{% endfor %}', /column 21: a loop within a loop/],
    ['{% for agency in debts %}{% endfor %}', /is the name of something else/],
    ['{% if isInitial %}a', /line 1, column 1: `if` is not closed/],
    ['{% if isInitial %}a{% endfor %}', /`endfor` does not close `if`/],
    ['{% endif %}', /closes nothing/],
    ['{% else %}', /belongs to no condition/],
    ['{% if isInitial %}{% else %}{% else %}{% endif %}', /belongs to no condition/],
    ['{% if jurisdiction contains "U" %}a{% endif %}', /there is no `contains`/],
    ['{% if debts.size > "1" %}a{% endif %}', /`>` compares numbers/],
    ['{% if debts == debts %}a{% endif %}', /not compared/],
    ['{% if %}a{% endif %}', /line 1, column 6/],
    ['{% if isInitial isInitial %}a{% endif %}', /is not a condition/],
    ['{% if isInitial | upcase %}a{% endif %}', /is not a condition/],
    ['{{ agency.name', /not closed/],
    ['{% raw %}{{', /raw .* not closed/],
    ['{% raw %}', /`raw` is not closed/],
    ["{% comment %}{% optOut 'replyStop' %}", /`comment` is not closed/],
    ["{% disclosure 'ours' %}", /names one of attemptingToCollect/],
    ['{% disclosure fromDebtCollector %}', /names one of/],
    ["{% optOut 'mail' %}", /names one of replyStop, hyperlink/],
    [`{{ ${'['.repeat(19_000)} }}`, /longer than 500/],
    [`{{ agency${'[agency'.repeat(2_400)} }}`, /longer than 500/],
    [`{% if ${'not '.repeat(4_000)}isInitial %}a{% endif %}`, /longer than 500/],
    [`{{ agency${'[agency'.repeat(60)} }}`, /line 1/],
    ['{% if isInitial %}'.repeat(400), /line 1, column 145: lies more than 8 deep/],
    ["{{ 'a".repeat(4_000), /more than 500 tags/],
    ['{%'.repeat(9_000), /more than 500 tags/],
  ]
  for (const [source, refused] of cases) {
    const faults = faultsOf(() => sms(source))
    const took = costOf(() => faultsOf(() => sms(source)))
    t.equal(faults.length, 1, source.slice(0, 60))
    t.match(faults[0], refused, source.slice(0, 60))
    t.match(faults[0], /^\/text line \d+, column \d+: /, source.slice(0, 60))
    t.ok(took < 50, `${took} ms for ${source.slice(0, 60)}`)
  }
  t.match(faultsOf(() => readTemplate({ subject: null, text: "{% optOut 'replyStop' %}", html: null }, 'letter', 'en'))[0], /nothing to stop/)
  t.match(faultsOf(() => sms("{% optOut 'replyStop' %}", 'fr'))[0], /no wording in `fr`/)
  t.same(faultsOf(() => sms('Bonjour {{ agency.name }}', 'fr')), [])
  t.same(faultsOf(() => readTemplate({ subject: null, text: '{{ a }}', html: null }, 'email', 'en')), ['/subject is needed for an e-mail', '/text line 1, column 4: `a` does not exist'], 'every part that is wrong')
  t.equal(writeTemplate(email('x', 'x', ' A\n{{ agency.name }} '), sampleVariables(1), { ...inUs, channel: 'email' }).subject, 'A Harbour Recoveries', 'a subject is one line')
  t.match(faultsOf(() => email('x', 'x', '{% for d in debts %}{{ d.owed | money }}{% endfor %}'))[0], /^\/subject .* a subject tells nobody of a debt/)
  t.match(faultsOf(() => email('x', 'x', "{% disclosure 'fromDebtCollector' %}"))[0], /belongs to the text/)
})

t.test('an e-mail\'s HTML does nothing, hides nothing, and prints names as text', async t => {
  const cases = [
    '<script>x</script>', '</SCRIPT>', '<a href="javascript:x">', '<img onerror=x>', '<p style="display: none">', '<p style="font-size:0">', '<p hidden>', "<!-- {% disclosure 'fromDebtCollector' %} -->", '<style>p{}</style>',
    '<scr{% if isInitial %}ipt>x{% endif %}',
  ]
  for (const html of cases) t.match(faultsOf(() => email(html))[0], /^\/html line 1, column \d+: an e-mail has no scripts/, html)
  for (const html of ['<'.repeat(50_000), `<${' '.repeat(49_000)}`, '< on'.repeat(12_000), `<a${' onx'.repeat(12_000)}`]) {
    const took = costOf(() => faultsOf(() => email(html)))
    t.ok(took < 50, `${took} ms for ${html.slice(0, 10)}`)
  }
  const { html, text } = writeTemplate(email("<p>{{ lender.name }}</p>{% optOut 'hyperlink' %}", "{{ lender.name }} {% optOut 'hyperlink' %}"), { ...sampleVariables(1), lender: { name: 'A <b> & "Sons"' }, optOutUrl: 'https://example.com/?a=1&b=2' }, { ...inUs, channel: 'email' })
  t.equal(html, '<p>A &lt;b&gt; &amp; &quot;Sons&quot;</p><a href="https://example.com/?a=1&amp;b=2">To stop these messages</a>')
  t.equal(text, 'A <b> & "Sons" To stop these messages: https://example.com/?a=1&b=2')
})

t.test('conditions are Liquid\'s: only false and nothing are not true', async t => {
  const cases: [condition: string, isTrue: boolean][] = [
    ['isInitial', true], ['not isInitial', false], ['paymentHint', true], ['agency.contact', false], ['agency.contact == nil', true], ['statements.claimBasis', true], ["jurisdiction == 'US'", true],
    ["jurisdiction != 'US'", false], ['debts.size == 1', true], ['debts.size > 1', false], ['debts.size >= 1', true], ['debts.size < 2', true], ['debts.size <= 0', false],
    ['agency.contact or isInitial', true], ['agency.contact and isInitial', false], ['debts', true], ["''", true], ['false', false],
  ]
  for (const [condition, isTrue] of cases) {
    const variables = { agency: { name: 'A', contact: null } }
    t.equal(write(`{% if ${condition} %}yes{% else %}no{% endif %}`, variables), isTrue ? 'yes' : 'no', condition)
    t.equal(write(`{% unless ${condition} %}no{% else %}yes{% endunless %}`, variables), isTrue ? 'yes' : 'no', condition)
  }
  t.equal(write("{% if debts.size > 1 %}many{% elsif jurisdiction == 'US' %}one there{% else %}one{% endif %}"), 'one there')
  t.equal(write('{% raw %}{{ x }}{% endraw %}{% comment %}{{ nobody }}{% endcomment %}{%- # a remark -%} '), '{{ x }}')
  t.equal(write("{{ agency.contact | default: 'none' }} {{ lender.name | upcase }} {{ debts.size }} {% for sum in totals %}{{ sum.owed | money }};{% endfor %}", { ...sampleVariables(2), agency: { name: 'A', contact: null } }), 'none FIRST BANK 2 USD 1650.50;')
})

t.test('amounts and days are written as the language does, exactly', async t => {
  const cases: [amount: number, currency: string, language: string, text: string][] = [
    [1_250_00, 'USD', 'en', 'USD 1250.00'], [1_250_00, 'CNY', 'zh-CN', '人民币1250.00元'], [1_250_00, 'USD', 'zh-CN', 'USD 1250.00'], [500, 'JPY', 'en', 'JPY 500'], [1_234_567_89, 'EUR', 'de', '1.234.567,89 EUR'],
    [5, 'EUR', 'de-AT', '0,05 EUR'], [1_000, 'JPY', 'de', '1.000 JPY'], [1_234, 'KWD', 'de', '1,234 KWD'],
  ]
  for (const [amount, currency, language, text] of cases) t.equal(moneyText({ amount, currency }, language), text)
  t.same(['en', 'zh-CN', 'de'].map(language => dayText('2026-01-02', language)), ['2026-01-02', '2026-01-02', '02.01.2026'])
})

t.test('what cannot be written is one refusal, however large it would have been', async t => {
  const huge = `{% for debt in debts %}${'x'.repeat(900)}{% endfor %}`
  const many = Array.from({ length: 100 }, () => sampleVariables(1).debts[0]!)
  const cases: [work: () => unknown, reason: string][] = [
    [() => write(huge, { debts: many }), 'tooLong'],
    [() => write(`{% for debt in debts %}${'{{ paymentHint }}'.repeat(450)}{% endfor %}`, { debts: many, paymentHint: null }), 'tooManyParts'],
    [() => write("{% optOut 'hyperlink' %}", { optOutUrl: null }), 'optOutUrlMissing'],
    [() => write("{% disclosure 'claimBasis' %}", { statements: {} }), 'statementMissing'],
    [() => write('x', { debts: [{ ...many[0]!, currency: 'XYZ' }] }), 'currencyUnknown'],
  ]
  for (const [work, reason] of cases) {
    t.throws(work, { code: 'template-unwritable', details: { reason } }, reason)
    const took = costOf(() => t.throws(work))
    t.ok(took < 50, `${reason}: ${took} ms`)
  }
})

t.test('what a message says is found by what was written, and an e-mail says only what both its parts say', async t => {
  const said = (html: string, text: string) => {
    const { disclosures, optOutMethod } = writeTemplate(email(html, text), sampleVariables(1), { ...inUs, channel: 'email' })
    return { disclosures, optOutMethod }
  }
  const from = "{% disclosure 'fromDebtCollector' %}"
  const stop = "{% optOut 'replyStop' %}"
  t.same(said(from + stop, from + stop), { disclosures: ['fromDebtCollector'], optOutMethod: 'replyStop' })
  t.same(said(from, from + stop), { disclosures: ['fromDebtCollector'], optOutMethod: undefined })
  t.same(said(stop, from + stop), { disclosures: [], optOutMethod: 'replyStop' })
  t.same(said(stop, 'This is from a debt collector. Reply STOP.'), { disclosures: [], optOutMethod: undefined }, 'not by words that look like it')
})

t.test('only what is said whatever the debts counts as said', async t => {
  const from = "{% disclosure 'fromDebtCollector' %}"
  const cases: [source: string, isSaid: boolean][] = [
    [from, true],
    [`{% if debts.size > 1 %}${from}{% endif %}`, false],
    [`{% if debts.size > 1 %}${from}{% else %}x${from}{% endif %}`, true],
    [`{% if debts.size > 1 %}${from}{% elsif paymentHint %}${from}{% endif %}`, false],
    [`{% for debt in debts %}${from}{% endfor %}`, false],
    [`{% if isInitial %}${from}{% endif %}`, true],
    [`{% unless isInitial %}${from}{% endunless %}`, false],
    [`{% if jurisdiction == 'US' and isInitial %}${from}{% endif %}`, true],
    [`{% if jurisdiction == 'US' and debts.size == 1 %}${from}{% endif %}`, false],
    [`{% if jurisdiction == 'US' or debts.size == 1 %}${from}{% endif %}`, true],
    [`{% if jurisdiction == 'CN' or debts.size == 1 %}${from}{% endif %}`, false],
    [`{% if jurisdiction == 'CN' and debts.size == 1 %}x{% else %}${from}{% endif %}`, true],
    [`{% if false %}${from}{% endif %}`, false],
    [`{% if debts.size == 1 %}x{% elsif isInitial %}${from}{% endif %}`, false],
    [`{% if not paymentHint %}${from}{% endif %}`, false],
    [`{% comment %}${from}{% endcomment %}`, false],
    [`{% raw %}${from}{% endraw %}`, false],
    ["{% disclosure 'attemptingToCollectAndInformationUsed' %}", true],
  ]
  for (const [source, isSaid] of cases) t.equal(saysAlways(sms(source), inUs).disclosures.includes('fromDebtCollector'), isSaid, source)
})

t.test('the law of a place is asked at both stages, and what is missing is named with its clause', async t => {
  const check = (template: Template, jurisdiction: string) => checkLaw(template, jurisdiction, borrowerType => packsIn(plainLaw, { jurisdiction, borrowerType, collectorRole: 'agency', on: '2026-01-05' }, null), '2026-01-05T09:00:00Z')
  const lacks = (source: string, jurisdiction = 'US'): string[] => check(sms(source), jurisdiction).lacks.map(({ stage, clause, missing }) => `${stage} ${clause}: ${missing.join(' ')}`)
  const first = "{% disclosure 'attemptingToCollectAndInformationUsed' %}"
  const from = "{% disclosure 'fromDebtCollector' %}"
  const stop = "{% optOut 'replyStop' %}"
  t.same(lacks(`{% if isInitial %}${first}{% else %}${from}{% endif %}${stop}`), [])
  t.same(lacks(first + stop), [], 'who says the long form says the short one')
  t.same(lacks(from + stop), ['initial 12 CFR 1006.18(e)(1): attemptingToCollectAndInformationUsed'])
  t.same(lacks(`{% if isInitial %}${first}{% endif %}${stop}`), ['subsequent 12 CFR 1006.18(e)(2): fromDebtCollector'])
  t.same(lacks(first), ['initial 12 CFR 1006.6(e): replyStop hyperlink', 'subsequent 12 CFR 1006.6(e): replyStop hyperlink'])
  t.same(lacks(`${first}{% if debts.size == 1 %}${stop}{% endif %}`).length, 2, 'a way to stop that only some can use')
  t.same(lacks('x', 'CN'), [], 'no rule there is about words')
  t.same(lacks('x', 'DE'), ['initial § 13a Abs. 1 RDG: creditorNameAddress claimBasis interestCalculation costBreakdown supervisoryAuthority'])
  t.same(lacks("{% disclosure 'claimBasis' %}{% disclosure 'costBreakdown' %}", 'DE'), ['initial § 13a Abs. 1 RDG: creditorNameAddress interestCalculation supervisoryAuthority'])
  t.match(lacks('x', 'BR'), [/^initial/, /^subsequent/], 'a country whose law we have not')
  t.same(check(readTemplate({ subject: null, text: first, html: null }, 'letter', 'en'), 'US').lacks, [], 'a letter has nothing to stop')
  t.match(check(readTemplate({ subject: null, text: 'x', html: null }, 'callScript', 'en'), 'US').lacks.map(({ rule }) => rule), ['US.F.18E1.MIRANDA', 'US.F.18E2.MIRANDA'])
  t.match(check(sms(first + stop), 'US').checked, [
    { stage: 'initial', disclosures: ['attemptingToCollectAndInformationUsed', 'fromDebtCollector'], optOutMethod: 'replyStop', packVersions: { 'US.FDCPA': String } }, { stage: 'subsequent' },
  ])
})

t.test('our own texts say what the law asks for wherever they may be sent without statements', async t => {
  for (const language of ['en', 'zh-CN', 'de']) {
    for (const channel of ['sms', 'email', 'letter'] as const) {
      const { lacks } = checkLaw(builtinFor('reminder', channel, language)!.template, 'US', borrowerType => packsIn(plainLaw, { jurisdiction: 'US', borrowerType, collectorRole: 'agency', on: '2026-01-05' }, null), '2026-01-05T09:00:00Z')
      t.same(lacks, [], `${language} ${channel}`)
    }
  }
})

t.test('a message is in its recipient\'s language, or the nearest there is', async t => {
  t.same(languagesFor('de-AT'), ['de-AT', 'de', 'en'])
  t.same(languagesFor('zh-TW'), ['zh-TW', 'zh', 'zh-CN', 'en'])
  t.same(languagesFor('en'), ['en'])
})

t.test('an SMS is as many segments as its letters need', async t => {
  const cases: [text: string, alphabet: string, segments: number][] = [
    ['a'.repeat(160), 'gsm7', 1], ['a'.repeat(161), 'gsm7', 2], ['a'.repeat(306), 'gsm7', 2], ['a'.repeat(307), 'gsm7', 3], ['€'.repeat(80), 'gsm7', 1], ['€'.repeat(81), 'gsm7', 2],
    ['退'.repeat(70), 'ucs2', 1], ['退'.repeat(71), 'ucs2', 2], ['退'.repeat(134), 'ucs2', 2], ['退'.repeat(135), 'ucs2', 3], ['ä', 'gsm7', 1], ['😀'.repeat(35), 'ucs2', 1],
  ]
  for (const [text, alphabet, segments] of cases) t.same(smsLength(text), { alphabet, segments }, text.slice(0, 3))
})

t.test('an SMS is written in the time it takes to look up one row, or less', async t => {
  const { template } = builtinFor('reminder', 'sms', 'en')!
  const variables = sampleVariables(1)
  const took = costOf(() => { for (let i = 0; i < 5_000; i++) writeTemplate(template, variables, inUs) })
  t.ok(took / 5_000 * 1_000 < 20, `${took / 5} us`)
})
