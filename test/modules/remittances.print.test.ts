import { createHash } from 'node:crypto'
import { inflateSync } from 'node:zlib'
import Fastify from 'fastify'
import t from 'tap'
import { statementText } from '../../src/modules/remittances/documents.core.ts'
import { pagesOf, printoutOf } from '../../src/modules/remittances/print.core.ts'
import { sendPdf } from '../../src/modules/remittances/print.api.ts'
import { noEffect } from '../../src/modules/remittances/core.ts'
import type { StatementLine } from '../../src/modules/remittances/core.ts'
import { issuedDocument } from '../../src/modules/remittances/documents.core.ts'
import { idOf } from '../../src/kernel/index.ts'
import { strangeId, world } from '../world.ts'

/** The streams of a PDF, unpacked. */
function streamsOf (pdf: Buffer): string[] {
  const streams: string[] = []
  for (let at = pdf.indexOf('stream\n'); at !== -1; at = pdf.indexOf('stream\n', at)) {
    const end = pdf.indexOf('\nendstream', at)
    const packed = pdf.subarray(at + 'stream\n'.length, end)
    streams.push((packed[0] === 0x78 ? inflateSync(packed) : packed).toString('latin1'))
    at = end + '\nendstream'.length
  }
  return streams
}

/** What is written in the standard fonts on a PDF's pages, piece by piece. */
const textsOf = (pdf: Buffer): string[] => streamsOf(pdf).flatMap(stream => [...stream.matchAll(/\[((?:<[0-9a-f]*>|[-\d. ])*)\] TJ/g)]
  .map(([, pieces]) => [...pieces!.matchAll(/<([0-9a-f]*)>/g)].map(([, hex]) => Buffer.from(hex!, 'hex').toString('latin1')).join('')))

const pageCount = (pdf: Buffer): number => pdf.toString('latin1').match(/\/Type \/Page\n/g)!.length

const aLine = (line: number): StatementLine => ({
  ...noEffect, line, entryId: idOf('journalEntry', '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44'), kind: 'payment', sourceId: '019ab3f0-6c1e-7d35-9a51-0d7f5c1b2e44', accountId: null, lenderReference: `LN-${line}`,
  effectiveOn: '2026-01-05', correctsEntryId: null, invoiceId: null, vatRate: null, collected: 100_00 + line, held: 100_00 + line,
})

const aStatement = (lineCount: number, names: { agencyName: string, lenderName: string }): string => statementText({
  id: strangeId('statement'), number: 7, tenantId: strangeId('tenant'), lenderId: strangeId('lender'), ...names, currency: 'CNY', fromOn: '2026-01-01', toOn: '2026-01-31', issuedAt: '2026-02-01T00:00:00.000Z',
  basis: 'net', openingHeld: 0, openingBilled: 0, collected: 0, collectedDirect: 0, commission: 0, vat: 0, setOff: 0, remitted: 0, closingHeld: 0, closingBilled: 0,
}, Array.from({ length: lineCount }, (_, i) => aLine(i + 1)))

/** A document as PDF, sent by a server as ours would. */
async function pdfOf (text: string): Promise<Buffer> {
  const app = Fastify()
  app.get('/', async (_req, reply) => await sendPdf(reply, text, createHash('sha256').update(text).digest()))
  const reply = await app.inject('/')
  await app.close()
  return reply.rawPayload
}

t.test('tables flow over pages: every row is on one page, and no head is left without a row', async t => {
  const rows: [rowCounts: number[], pages: string][] = [
    [[0], '0:0-0'], [[3], '0:0-3'], [[8], '0:0-8'], [[9], '0:0-8 | 0:8-9'], [[29], '0:0-8 | 0:8-26 | 0:26-29'], [[3, 2], '0:0-3 1:0-2'], [[6, 2], '0:0-6 | 1:0-2'], [[3, 30], '0:0-3 1:0-3 | 1:3-21 | 1:21-30'],
  ]
  // The first page has room for a head of 2 and 8 rows of 1, the others for 18.
  for (const [rowCounts, wanted] of rows) t.equal(pagesOf(rowCounts, { first: 10, other: 20, head: 2, row: 1 }).map(page => page.map(({ table, from, to }) => `${table}:${from}-${to}`).join(' ')).join(' | '), wanted, rowCounts.join())
})

t.test('rates are percentages where that is short, and amounts decimals of the currency', async t => {
  const line = (vatRate: string): StatementLine => ({ ...aLine(1), vatRate, commission: 100, vat: 20 })
  for (const [rate, shown] of [['0.2', '20 %'], ['0', '0 %'], ['0.06', '6 %'], ['0.055', '5.5 %'], ['1', '100 %'], ['1/3', '1/3'], ['0.1234', '12.34 %'], ['0.12345', '0.12345']] as const) {
    const document = { ...issuedDocument(aStatement(0, { agencyName: 'A', lenderName: 'B' })), lines: [{ ...issuedDocument(aStatement(1, { agencyName: 'A', lenderName: 'B' })).lines[0]!, ...line(rate) }] }
    t.same(printoutOf(document as ReturnType<typeof issuedDocument>).tables[1]!.cells(0), [shown, '1.00', '0.20'])
  }
})

t.test('pages are numbered, rows go on, and thousands of lines are printed without keeping others waiting', async t => {
  const lineCount = 10_000
  const text = aStatement(lineCount, { agencyName: 'Agency', lenderName: 'Lender' })
  let longest = 0
  let last = performance.now()
  const watch = setInterval(() => {
    longest = Math.max(longest, performance.now() - last)
    last = performance.now()
  }, 1)
  const pdf = await pdfOf(text)
  clearInterval(watch)
  t.ok(longest < 2_000, `others waited ${Math.round(longest)} ms at most`)
  const texts = textsOf(pdf)
  const pages = pageCount(pdf)
  t.ok(pages > 150)
  for (const page of [1, 2, pages]) t.ok(texts.includes(`Page ${page} of ${pages}`))
  t.equal(texts.filter(one => /^LN-\d+$/.test(one)).length, lineCount)
  t.ok(texts.includes('200.00'), 'the last line: 100.00 and 10,000 fen')
})

t.test('Chinese names are legible, and what no font has is shown by its number instead of a blank', async t => {
  const pdf = await pdfOf(aStatement(1, { agencyName: '上海催收服务有限公司', lenderName: 'Bank of Żywiec 臺' }))
  const streams = streamsOf(pdf)
  t.match(pdf.toString('latin1'), /\/FontFile2/, 'the font travels with the document')
  // The map by which a reader copies text out of the page names every character of the name.
  const toUnicode = streams.find(stream => stream.includes('begincmap'))!
  for (const character of new Set('上海催收服务有限公司')) t.ok(toUnicode.includes(character.codePointAt(0)!.toString(16).padStart(4, '0')), character)
  t.ok(textsOf(pdf).includes('Bank of [U+017B]ywiec [U+81FA]'))
  t.notMatch((await pdfOf(aStatement(1, { agencyName: 'Agency', lenderName: 'Crédit & Fils' }))).toString('latin1'), /FontFile/, 'a document without Chinese carries no font')
})

t.test('over HTTP: what is printed is what was issued, the same bytes for ever, for the agency and the lender and nobody else', async t => {
  const w = await world()
  t.teardown(w.close)
  const us = await w.agency()
  const bank = await w.lender(us, { commission: { base: ['principal'], rate: '0.3', vatRate: '0.2' } })
  const other = await w.lender(us)
  const { accountId } = await w.account(us, bank, { lenderReference: 'LOAN-77' })
  await w.ok(us, 'POST', '/v1/payments', { accountId, amount: 540_00, currency: 'CNY', receivedOn: '2026-01-05', receivedBy: 'agency', method: 'bankTransfer' })
  await w.ok(us, 'POST', '/v1/remittance-runs', { through: '2026-01-05' })
  await w.settle(us)
  for (const [kind, title] of [['statements', 'Statement No 1'], ['invoices', 'Invoice No 1']] as const) {
    const [{ id, hash }] = (await w.ok<{ data: [{ id: string, hash: string }] }>(us, 'GET', `/v1/${kind}`)).data
    const path = `/v1/${kind}/${id}/pdf`
    const first = await w.call(us, 'GET', path)
    t.match(first.headers, { 'content-type': 'application/pdf', 'content-disposition': `attachment; filename="${kind.slice(0, -1)}-1.pdf"` })
    const texts = textsOf(first.rawPayload)
    const { agencyName, lenderName } = (await w.call(us, 'GET', `/v1/${kind}/${id}/document`)).json<{ agencyName: string, lenderName: string }>()
    // 540.00 of principal: commission 162.00, VAT 32.40.
    for (const wanted of [title, agencyName, lenderName, '2026-01-05 to 2026-01-05', 'LOAN-77', '20 %', '162.00', '32.40', 'Page 1 of 1', `SHA-256 of the document: ${hash}`]) t.ok(texts.includes(wanted), `${kind}: ${wanted}`)
    await w.liveUntil(us, kind === 'statements' ? '2026-01-06T09:00:00Z' : '2026-01-07T09:00:00Z')
    t.ok((await w.call(bank, 'GET', path)).rawPayload.equals(first.rawPayload), 'asked later and by another it is the same to the byte')
    t.equal((await w.call(other, 'GET', path)).statusCode, 404)
    t.equal((await w.call(us, 'GET', `/v1/${kind}/${strangeId(kind === 'statements' ? 'statement' : 'invoice')}/pdf`)).statusCode, 404)
  }
  t.same(w.failures, [])
})
